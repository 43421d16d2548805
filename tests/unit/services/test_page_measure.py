"""Hit rates count what was found: by depth, by sampling, with and without the part's name."""

from types import SimpleNamespace

import pytest

from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.services import page_specimens
from adapp.services.page_measure import hit_rates, hits_table
from tests.fakes import part
from tests.pages import tiny_library
from tests.unit.services.papers import DEFECT, save


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "data" / "mvtec" / "bottle"
    for number in range(2):
        save(folder / "train" / "good" / f"{number}.png", part(number))
        save(folder / "test" / "good" / f"{number}.png", part(20 + number))
        save(folder / "test" / "broken_large" / f"{number}.png", part(40 + number, defect=DEFECT))
        mask = part(0)[:, :, 0] * 0
        mask[DEFECT[0] : DEFECT[2], DEFECT[1] : DEFECT[3]] = 255
        save(folder / "ground_truth" / "broken_large" / f"{number}_mask.png", mask)
    return tmp_path / "data"


@pytest.fixture
def measured(root, tmp_path, monkeypatch):
    """Measure a search of which it is known at which place the right pages stand."""
    library = tiny_library()
    right = next(p for p in library.pages if (p.object, p.canonical) == ("bottle", "break"))
    wrong = [
        page for page in library.pages if page.object != "bottle" and page.canonical != "break"
    ]

    def find(keys, own=None, sampling=None, parts=()):
        assert own is None
        assert bool(parts) == (keys.text is not None)  # the part is named, and known
        place = 0 if keys.text is not None else 2  # the name of the part leads to the page at once
        place += sampling.strategy == "topk"
        pages = [*wrong[:place], right, *wrong[place:]][: sampling.budget]
        return SimpleNamespace(hits=[SimpleNamespace(page=page) for page in pages])

    monkeypatch.setattr(library, "find", find)
    settings = Settings(cache_dir=tmp_path / "cache")
    return hit_rates([root], settings=settings, report=lambda *_: None, library=library)


def test_hits_are_counted_by_depth_and_sampling(measured):
    rows = {(row["part_name"], row["sampling"]): row for row in measured["rows"]}
    assert len(rows) == 4
    for key, hits in {
        (True, "kde"): [1.0, 1.0, 1.0],
        (True, "topk"): [0.0, 1.0, 1.0],
        (False, "kde"): [0.0, 1.0, 1.0],
        (False, "topk"): [0.0, 0.0, 1.0],
    }.items():
        for kind in ("object", "type", "both"):
            assert [rows[key][kind][f"hit@{depth}"] for depth in (1, 3, 5)] == hits


def test_all_pictures_tell_of_the_object_and_defective_ones_of_the_type(measured):
    for row in measured["rows"]:
        # Nothing taught the tiny encoder, so the two normal pictures for training count too.
        assert row["group"] == "unknown objects"
        assert (row["object"]["pictures"], row["type"]["pictures"]) == (6, 2)


def test_table_sets_clustered_sampling_beside_the_best_scores(measured):
    lines = hits_table(measured).splitlines()
    assert lines[0].startswith("| pictures | group | part name | sampling | object @1 |")
    assert "| 6/2 | unknown objects | given | kde | 100.0 | 100.0 | 100.0 |" in lines[4]
    assert "| 6/2 | unknown objects | given | topk | 0.0 | 100.0 | 100.0 |" in lines[5]


def draw_of(root, tmp_path, number):
    seen, encode = [], page_specimens._encoded_samples

    def encoded(samples, encoder, report):
        seen.extend(sample.path for sample in samples)
        return encode(samples, encoder, report)

    library = tiny_library()
    settings = Settings(cache_dir=tmp_path / "cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_specimens, "_MOST", 1)
        patch.setattr(page_specimens, "_encoded_samples", encoded)
        told = hit_rates(
            [root], settings=settings, report=lambda *_: None, library=library, draw=number
        )
    assert told["draw"] == number
    return set(seen)


def test_another_draw_takes_other_pictures(root, tmp_path):
    first, second = draw_of(root, tmp_path, 0), draw_of(root, tmp_path, 1)
    assert len(first) == len(second) == 3  # one of each split and type
    assert not first & second


@pytest.mark.parametrize("number", [2, -1])
def test_a_draw_without_pictures_is_refused(root, tmp_path, number):
    with pytest.raises(UsageError, match=f"no picture is left for draw {number}"):
        draw_of(root, tmp_path, number)
