"""A permanent index comes back as it was written, or is refused with what to do."""

import json

import numpy as np
import pytest

from adapp.core.errors import BadPage
from adapp.knowledge.entries import parse_entry
from adapp.knowledge.pages import Section
from adapp.knowledge.store import fingerprint, load, save
from tests.unit.knowledge.test_entries import CRACK, SHARED
from tests.unit.knowledge.test_pages import page
from tests.unit.knowledge.vectors import locks

PICTURE = np.random.default_rng(0).integers(0, 255, (30, 20, 3)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    listed = [
        page(id="own/a", picture=PICTURE, origin="index", aliases=("one", "two")),
        page(
            id="own/b",
            origin="index",
            sections=(Section("Likely causes", ("Heat",), aspect="causes"),),
        ),
    ]
    save(tmp_path / "index", listed, locks(2), "encoder-1")
    return tmp_path / "index"


def edit(folder, **changes):
    path = folder / "pages.json"
    content = json.loads(path.read_text("utf-8"))
    for key, value in changes.items():
        if value is None:
            del content["pages"][0][key]
        elif key in content:
            content[key] = value
        else:
            content["pages"][0][key] = value
    path.write_text(json.dumps(content), "utf-8")


def test_index_comes_back(folder):
    stored = load(folder, "encoder-1")
    assert [p.id for p in stored.pages] == ["own/a", "own/b"]
    np.testing.assert_array_equal(stored.pages[0].picture, PICTURE)
    assert stored.pages[1].picture is None
    assert stored.pages[0].aliases == ("one", "two")
    assert stored.pages[1].sections == (Section("Likely causes", ("Heat",), aspect="causes"),)
    np.testing.assert_allclose(stored.locks.text, locks(2).text, atol=2e-3)
    assert stored.locks.types == locks(2).types
    assert stored.identity == "encoder-1"


def test_zero_locks_stay_zero(tmp_path):
    held = locks(1)
    held.whole[:] = 0
    save(tmp_path / "i", [page(origin="index")], held, "e")
    assert not load(tmp_path / "i", "e").locks.whole.any()


def test_saving_again_replaces(folder):
    save(folder, [page(id="own/c", origin="index")], locks(1), "encoder-2")
    stored = load(folder, "encoder-2")
    assert [p.id for p in stored.pages] == ["own/c"]
    assert not (folder / "pictures" / "0.png").exists()
    assert not folder.with_name("index.new").exists()


def test_a_page_of_an_index_is_never_trusted(folder):
    edit(folder, origin="bundled", kind="defect")
    assert not load(folder, "encoder-1").pages[0].trusted


def test_other_encoders_are_named(folder):
    with pytest.raises(BadPage, match=r"other encoders \(encoder-1\).*knowledge build"):
        load(folder, "encoder-2")


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 99},
        {"pages": 3},
        {"kind": "tale"},
        {"sections": 1},
        {"sections": [["only a heading"]]},
        {"title": None},
        {"type": "sadness"},
    ],
)
def test_damage_is_refused(folder, changes):
    edit(folder, **changes)
    with pytest.raises(BadPage, match="damaged"):
        load(folder, "encoder-1")


def test_missing_parts_are_refused(folder):
    (folder / "pictures" / "0.png").write_bytes(b"no picture")
    with pytest.raises(BadPage, match="damaged"):
        load(folder, "encoder-1")
    (folder / "locks.npz").unlink()
    with pytest.raises(BadPage, match="damaged"):
        load(folder, "encoder-1")
    with pytest.raises(BadPage, match="no index"):
        load(folder / "nowhere", "encoder-1")


def test_arrays_of_objects_are_not_unpickled(folder):
    np.savez(folder / "locks.npz", **{n: np.array([{}, {}]) for n in ("whole", "detail", "text")})
    with pytest.raises(BadPage, match="damaged"):
        load(folder, "encoder-1")


def test_a_folder_with_other_things_is_not_overwritten(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.txt").write_text("mine")
    with pytest.raises(BadPage, match="no index of pages"):
        save(tmp_path / "photos", [page()], locks(1), "e")
    assert (tmp_path / "photos" / "holiday.txt").read_text() == "mine"


def test_pages_and_locks_must_match(tmp_path):
    with pytest.raises(ValueError, match="1 pages and 2 locks"):
        save(tmp_path / "i", [page()], locks(2), "e")


def test_fingerprint_follows_what_is_said_and_shown():
    entry = parse_entry(CRACK, SHARED, "x")
    marks = {
        fingerprint([parse_entry({**CRACK, **change}, SHARED, "x")])
        for change in (
            {},
            {"causes": ["Cooled too fast", "Kicked at the rim"]},
            {"illustration": {"part": "magnet", "flaw": "chip"}},
        )
    }
    assert len(marks) == 3
    assert fingerprint([entry]) == fingerprint([parse_entry(CRACK, SHARED, "y")])
