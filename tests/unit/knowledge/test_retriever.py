"""Retrieval: the rule of the score, shelves, sessions, regions, against the rule written out."""

from dataclasses import replace

import numpy as np
import pytest

from adapp.core.errors import BadPage
from adapp.knowledge.evidence import ChannelWeights, Keys, Locks, RegionKey
from adapp.knowledge.retriever import NAMED, Retriever
from adapp.knowledge.sampling import SamplingConfig
from adapp.retrieval.index import FlatIndex
from tests.unit.knowledge.test_pages import page
from tests.unit.knowledge.vectors import Brute, locks, unit

WEIGHTS = ChannelWeights(whole=0.4, detail=0.3, text=0.2, type=0.1)
BEST = SamplingConfig(strategy="topk", budget=5)


def pages(count: int, name: str = "p"):
    return [page(id=f"{name}/{number}") for number in range(count)]


def query(seed: int = 5, *regions: RegionKey) -> Keys:
    rng = np.random.default_rng(seed)
    crop = RegionKey(unit(rng, 1, 16)[0], {"crack": 0.6, "scratch": 0.3})
    return Keys(unit(rng, 1, 16)[0], unit(rng, 1, 12)[0], regions or (crop,))


def expected_scores(held: Locks, keys: Keys) -> np.ndarray:
    """The documented rule: weighted mean of shared channels, best over the regions."""
    totals = []
    for region in keys.regions or (RegionKey(),):
        total, weight = np.zeros(len(held)), np.zeros(len(held))
        for rows, key, share in (
            (held.whole, keys.picture, WEIGHTS.whole),
            (held.detail, region.picture, WEIGHTS.detail),
            (held.text, keys.text, WEIGHTS.text),
        ):
            if key is not None:
                total += share * (rows @ key)
                weight += share * rows.any(axis=1)
        if region.types:
            known = np.array([bool(name) for name in held.types])
            chance = np.array([region.types.get(name, 0.0) for name in held.types])
            total += WEIGHTS.type * chance
            weight += WEIGHTS.type * known
        totals.append(np.where(weight > 0, total / np.maximum(weight, 1e-9), -np.inf))
    return np.max(totals, axis=0)


@pytest.fixture
def ragged() -> Locks:
    """Return locks of which some pages lack picture, close-up, words or type."""
    held = locks(60)
    held.whole[10:25] = 0
    held.detail[5:20] = 0
    held.text[40:50] = 0
    return held


@pytest.mark.parametrize("make_index", [Brute, FlatIndex])
def test_scores_follow_the_rule_for_every_mix_of_channels(ragged, make_index):
    rng = np.random.default_rng(9)
    two = (RegionKey(unit(rng, 1, 16)[0], {"scratch": 0.9}), RegionKey(None, {"crack": 0.8}))
    retriever = Retriever(pages(60), ragged, make_index, WEIGHTS)
    whole = query()
    for keys in (
        whole,
        query(6, *two),
        replace(whole, text=None),
        replace(whole, picture=None),
        Keys(text=whole.text),
        Keys(picture=whole.picture),
    ):
        found = retriever.retrieve(keys, BEST)
        scores = expected_scores(ragged, keys)
        order = np.argsort(-scores, kind="stable")[:5]
        assert [hit.page.id for hit in found.hits] == [f"p/{row}" for row in order]
        np.testing.assert_allclose([h.score for h in found.hits], scores[order], atol=1e-5)
        assert [hit.rank for hit in found.hits] == [1, 2, 3, 4, 5]
        assert found.compared == np.isfinite(scores).sum()


def test_parts_of_a_score_are_the_similarities():
    held, keys = locks(8), query()
    hit = Retriever(pages(8), held, Brute, WEIGHTS).retrieve(keys, BEST).hits[0]
    row = int(hit.page.id.split("/")[1])
    assert hit.parts["whole"] == pytest.approx(float(held.whole[row] @ keys.picture), abs=1e-5)
    assert hit.parts["text"] == pytest.approx(float(held.text[row] @ keys.text), abs=1e-5)
    mean = sum(WEIGHTS.of(channel) * value for channel, value in hit.parts.items())
    share = sum(WEIGHTS.of(channel) for channel in hit.parts)
    assert hit.score == pytest.approx(mean / share, abs=1e-5)


def test_type_evidence_decides_between_pages_that_look_alike():
    held = locks(2, types=["crack", "scratch"])
    held.whole[1], held.detail[1], held.text[1] = held.whole[0], held.detail[0], held.text[0]
    retriever = Retriever(pages(2), held, Brute, WEIGHTS)
    for types, best in (({"crack": 0.9}, "p/0"), ({"scratch": 0.9}, "p/1")):
        keys = Keys(held.whole[0], held.text[0], (RegionKey(held.detail[0], types),))
        assert retriever.retrieve(keys, BEST).hits[0].page.id == best


def test_question_changes_what_is_found():
    held = locks(30)
    retriever = Retriever(pages(30), held, Brute, ChannelWeights(text=1.0))
    for row in (3, 17):
        found = retriever.retrieve(Keys(query().picture, held.text[row]), BEST)
        assert found.hits[0].page.id == f"p/{row}"


def test_region_picks_the_page_with_that_close_up():
    held = locks(30)
    retriever = Retriever(pages(30), held, Brute, ChannelWeights(detail=1.0))
    regions = tuple(RegionKey(held.detail[row]) for row in (4, 21))
    found = retriever.retrieve(Keys(query().picture, None, regions), BEST)
    assert {hit.page.id for hit in found.hits[:2]} == {"p/4", "p/21"}


def test_pages_of_a_session_are_found_and_leave_the_others_alone():
    base = Retriever(pages(20), locks(20), Brute, WEIGHTS)
    own = locks(2, seed=8, types=["", ""])
    own.whole[:], own.detail[:] = 0, 0
    wider = base.with_pages(pages(2, "own"), own)
    asked = Keys(text=own.text[1])
    assert wider.retrieve(asked, BEST).hits[0].page.id == "own/1"
    assert all(not hit.page.id.startswith("own") for hit in base.retrieve(asked, BEST).hits)
    assert len(base.pages) == 20
    assert len(wider.pages) == 22
    assert wider.page("own/0") is not None
    assert base.page("own/0") is None


def test_adding_pages_indexes_only_the_new_ones():
    made = []

    def make(vectors):
        made.append(len(vectors))
        return Brute(vectors)

    Retriever(pages(20), locks(20, types=["crack"] * 20), make, WEIGHTS).with_pages(
        pages(2, "own"), locks(2, types=["crack"] * 2)
    )
    assert made == [20, 2]


def test_sampling_chooses_among_what_was_found():
    held = locks(40)
    retriever = Retriever(pages(40), held, Brute, WEIGHTS)
    found = retriever.retrieve(query(), SamplingConfig(budget=3))
    assert len(found.hits) == 3
    assert found.hits[0].rank == 1
    assert sum(found.choice.quotas) == 3
    assert [hit.score for hit in found.hits] == sorted((h.score for h in found.hits), reverse=True)
    assert all(hit.cluster >= 0 for hit in found.hits)


def scored(retriever, keys, sampling, parts=frozenset()):
    return {hit.page.id: hit.score for hit in retriever.retrieve(keys, sampling, parts).hits}


def test_pages_of_the_part_that_is_named_come_first():
    gears = {"p/0", "p/20", "p/40"}
    held, keys = locks(60, types=["crack"] * 60), query()
    names = [f"p/{number}" for number in range(60)]
    told = [
        page(id=name, kind="defect", object="Gear" if name in gears else "Shaft") for name in names
    ]
    retriever = Retriever(told, held, Brute, WEIGHTS)
    every = replace(BEST, budget=60)
    plain = scored(retriever, keys, every)
    expected = {name: score + NAMED * (name in gears) for name, score in plain.items()}
    assert scored(retriever, keys, every, {"gear"}) == pytest.approx(expected, abs=1e-6)
    first = scored(retriever, keys, replace(BEST, budget=1, pool=1), {"gear"})
    assert list(first) == [max(expected, key=lambda name: expected[name])]


def test_a_users_page_about_no_part_may_be_about_the_named_one():
    held, keys = locks(2), query()
    mine = [page(id="p/0", kind="user", object=""), page(id="p/1", kind="type", object="")]
    retriever = Retriever(mine, held, Brute, WEIGHTS)
    plain, named = scored(retriever, keys, BEST), scored(retriever, keys, BEST, {"gear"})
    assert named["p/0"] == pytest.approx(plain["p/0"] + NAMED, abs=1e-6)
    assert named["p/1"] == pytest.approx(plain["p/1"], abs=1e-6)


def test_fewer_pages_than_the_budget_are_all_given():
    assert len(Retriever(pages(2), locks(2), FlatIndex).retrieve(query()).hits) == 2


def test_one_page_is_given():
    assert Retriever(pages(1), locks(1), FlatIndex).retrieve(query()).hits[0].rank == 1


def test_nothing_to_compare_is_said():
    held = locks(3)
    held.text[:] = 0
    with pytest.raises(BadPage, match="No page can be compared"):
        Retriever(pages(3), held, Brute).retrieve(Keys(text=query().text))
    empty = Locks(*(np.zeros((0, width), np.float32) for width in (16, 16, 12)), ())
    with pytest.raises(BadPage, match="Add pages"):
        Retriever([], empty, Brute).retrieve(query())


def test_a_page_id_may_stand_once():
    with pytest.raises(BadPage, match="same id"):
        Retriever([page(), page()], locks(2), Brute)
    base = Retriever(pages(2), locks(2), Brute)
    with pytest.raises(BadPage, match="p/1: a page with this id is already there"):
        base.with_pages([page(id="p/1")], locks(1))


def test_pages_and_locks_must_match():
    with pytest.raises(ValueError, match="3 pages and 2 locks"):
        Retriever(pages(3), locks(2), Brute)
    with pytest.raises(ValueError, match="other widths"):
        Retriever(pages(2), locks(2), Brute).with_pages(pages(1, "x"), locks(1, width=8))


def test_ten_thousand_pages_are_asked_once_a_shelf():
    """Cost must not grow by a search per page: one call of the index for each kind of page."""
    made = []

    def make(vectors):
        made.append(Brute(vectors))
        return made[-1]

    held = locks(10_000)
    Retriever(pages(10_000), held, make, WEIGHTS).retrieve(query())
    assert [index.asked for index in made] == [1] * len(made)
    assert len(made) == 2  # with and without a known type
