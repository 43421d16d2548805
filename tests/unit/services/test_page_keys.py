"""The keys' projection learns, ships with its locks, and is measured on what taught nothing."""

from dataclasses import replace

import numpy as np
import pytest

from adapp.auxiliary.page_keys import load_key_encoder, shipped, with_projection
from adapp.auxiliary.page_keys_training import KeyExamples, train_projection
from adapp.core.settings import Settings
from adapp.data.samples import Sample
from adapp.services.knowledge_pages import bundled_entries
from adapp.services.page_locks import entry_locks, mark_of, packed, unpacked
from adapp.services.page_query import surroundings
from adapp.services.page_shelf import index_folder
from adapp.services.page_specimens import held_out
from adapp.services.page_truth import truth_of
from tests.pages import encoder

ENTRIES = bundled_entries()


def sample(tmp_path, category="mvtec/bottle", kind="broken_large", split="test", name="0.png"):
    label = 0 if kind == "good" else 1
    return Sample(tmp_path / name, category, label, kind, split)


def planted(count=1200, pages=4, width=8):
    """Examples whose object is one number; the pages look like nothing of the kind."""
    rng = np.random.default_rng(0)
    objects = rng.integers(0, pages, count)
    features = rng.standard_normal((count, width)).astype(np.float32)
    features[np.arange(count), objects] += 2.0
    whole = rng.standard_normal((pages, width)).astype(np.float32)
    return KeyExamples(
        features=features,
        close=np.zeros(count, dtype=np.bool_),
        objects=objects[:, None] == np.arange(pages)[None],
        types=np.zeros((count, pages), dtype=np.bool_),
        weights=np.ones(count, dtype=np.float32),
        whole=whole,
        detail=np.zeros((pages, width), dtype=np.float32),
    )


def test_projection_learns_which_page_is_about_an_example():
    examples = planted()
    keyed = with_projection(encoder(), train_projection(examples), "test")
    keys, locks = keyed.projected(examples.features), keyed.projected(examples.whole)
    assert np.allclose(np.linalg.norm(keys, axis=1), 1, atol=1e-5)

    def right(asked, offered):
        best = (asked @ offered.T).argmax(axis=1)
        return examples.objects[np.arange(len(asked)), best].mean()

    assert right(keys, locks) > right(examples.features, examples.whole) + 0.2
    again = with_projection(encoder(), train_projection(examples), "test")
    np.testing.assert_array_equal(again.projected(examples.features), keys)


def test_examples_of_different_counts_are_refused():
    whole = planted()
    with pytest.raises(ValueError, match="different counts"):
        KeyExamples(
            whole.features[:3],
            whole.close,
            whole.objects,
            whole.types,
            whole.weights,
            whole.whole,
            whole.detail,
        )


def test_locks_survive_half_precision():
    locks = entry_locks(ENTRIES[:2], encoder())
    again = unpacked(packed(locks), locks.types)
    np.testing.assert_allclose(again.whole, locks.whole, atol=2e-3)
    assert again.types == (ENTRIES[0].canonical, ENTRIES[1].canonical)


@pytest.mark.parametrize("taught", ["open", "research"])
def test_shipped_locks_are_those_of_the_shipped_pages(taught):
    checkpoint = shipped("embedded", replace(Settings(), checkpoint=taught))
    told = "run `python -m adapp knowledge train` after a change of the pages"
    assert checkpoint.card["pages"] == mark_of(ENTRIES), told
    assert checkpoint.state["locks.whole"].shape[0] == len(ENTRIES)
    assert load_key_encoder("tiny", Settings()).identity.endswith("no projection")


@pytest.mark.parametrize("taught", ["open", "research"])
def test_settings_choose_the_pictures_that_taught_the_keys(taught, tmp_path):
    settings = replace(Settings(), checkpoint=taught, knowledge_dir=tmp_path)
    card = shipped("embedded", settings).card
    assert ("wood_capture/wood" in card["trained_on"]) == (taught == "research")
    assert ("research use only" in card["licence"]) == (taught == "research")
    other = replace(settings, checkpoint="somewhere/raid.safetensors")
    assert other.page_keys == "open"
    assert (index_folder("tiny", settings) == index_folder("tiny", other)) == (taught == "open")


def test_truth_is_what_the_pages_cover(tmp_path):
    broken = truth_of(sample(tmp_path), ENTRIES)
    assert broken.objects == {"bottle"}
    assert broken.types == {"break"}
    assert truth_of(sample(tmp_path, kind="good"), ENTRIES).types == {"normal"}
    unknown = truth_of(sample(tmp_path, kind="never_heard_of"), ENTRIES)
    assert unknown.types == frozenset()
    named = truth_of(sample(tmp_path, category="wood_capture/wood", kind="ng"), ENTRIES)
    assert named.objects == {"wood"}


def test_a_third_of_the_test_pictures_is_held_out_and_no_training_picture(tmp_path):
    tests = [held_out(sample(tmp_path, name=f"{n}.png")) for n in range(300)]
    assert 0.25 < np.mean(tests) < 0.42
    assert not any(held_out(sample(tmp_path, split="train", name=f"{n}.png")) for n in range(50))


@pytest.mark.parametrize(
    "box", [(0, 0, 4, 4), (50, 90, 60, 100), (0, 0, 60, 100), (20, 30, 40, 70)]
)
def test_surroundings_are_a_square_inside_that_covers_what_fits(box):
    picture = np.arange(60 * 100 * 3, dtype=np.uint32).astype(np.uint8).reshape(60, 100, 3)
    seen = surroundings(picture, box)
    assert seen.shape[0] == seen.shape[1] <= 60
    assert seen.shape[0] >= 15
    assert seen.shape[0] >= min(60, box[2] - box[0])
