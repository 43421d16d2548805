"""Sets of normal parts: they come back byte by byte, and nothing else gets in."""

import json
import zipfile

import pytest
from PIL import Image

from adapp.core.errors import UsageError
from adapp.services.support_sets import MOST_PICTURES, load_set, save_set
from tests.fakes import part


@pytest.fixture
def pictures(tmp_path):
    paths = [tmp_path / f"=n {number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        Image.fromarray(part(number)).save(path)
    return paths


@pytest.fixture
def packed(pictures, tmp_path):
    return save_set(pictures, "metal plate", tmp_path / "set.zip")


def _rewritten(source, target, change):
    """Copy a set with another list and other files."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        files = {name: old.read(name) for name in old.namelist()}
        told = json.loads(files.pop("set.json"))
        change(told, files)
        for name, data in files.items():
            new.writestr(name, data)
        new.writestr("set.json", json.dumps(told))
    return target


def test_pictures_and_name_come_back(packed, pictures, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    category, found = load_set(packed, out)
    assert category == "metal plate"
    assert [path.read_bytes() for path in found] == [path.read_bytes() for path in pictures]
    assert {path.parent for path in found} == {out}


def test_equal_names_do_not_overwrite_each_other(pictures, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    Image.fromarray(part(9)).save(other / pictures[0].name)
    packed = save_set([pictures[0], other / pictures[0].name], "", tmp_path / "two.zip")
    out = tmp_path / "out"
    out.mkdir()
    assert len({path.read_bytes() for path in load_set(packed, out)[1]}) == 2


def test_changed_picture_is_refused(packed, tmp_path):
    def change(told, files):
        files[told["pictures"][0]["name"]] = b"other"

    bad = _rewritten(packed, tmp_path / "bad.zip", change)
    with pytest.raises(UsageError, match="was changed since"):
        load_set(bad, tmp_path)


def _escape(told, files):
    files["../evil.png"] = files[told["pictures"][0]["name"]]
    told["pictures"][0]["name"] = "../evil.png"


def _code(told, files):
    files["evil.py"] = files[told["pictures"][0]["name"]]
    told["pictures"][0]["name"] = "evil.py"


def _many(told, _):
    told["pictures"] = told["pictures"][:1] * (MOST_PICTURES + 1)


def _format(told, _):
    told["format"] = "something else"


@pytest.mark.parametrize("change", [_code, _many, _format])
def test_what_is_no_set_is_refused(packed, tmp_path, change):
    bad = _rewritten(packed, tmp_path / "bad.zip", change)
    with pytest.raises(UsageError, match="no set of normal parts"):
        load_set(bad, tmp_path)


def test_path_out_of_the_folder_stays_inside(packed, tmp_path):
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    bad = _rewritten(packed, tmp_path / "bad.zip", _escape)
    found = load_set(bad, out)[1]
    assert {path.parent for path in found} == {out}
    assert not (tmp_path / "deep" / "evil.png").exists()


def test_file_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "set.zip").write_text("no archive")
    with pytest.raises(UsageError, match=r"set\.zip is no set"):
        load_set(tmp_path / "set.zip", tmp_path)


def test_nothing_to_save_is_told(tmp_path):
    with pytest.raises(UsageError, match="no normal picture to save"):
        save_set([], "", tmp_path / "set.zip")
