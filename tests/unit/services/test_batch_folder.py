"""Which pictures a batch takes, and in which order."""

import json

import pytest

from adapp.core.errors import UsageError
from adapp.data.images import expand_paths
from adapp.services.batch_folder import BatchFolder, find_pictures, stem, write_listing


@pytest.fixture
def tree(tmp_path):
    for name in (
        "b.png",
        "a.JPG",
        ".hidden.png",
        "note.txt",
        "z/c.tif",
        "m/d.png",
        "out/masks/e.png",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def found(tree, *given, recursive=False):
    paths = [tree / name for name in given] or [tree]
    pictures = find_pictures(paths, recursive=recursive, apart=tree / "out")
    return [path.removeprefix(f"{tree}/") for path in pictures]


def test_a_folder_stands_for_the_pictures_that_detect_would_take(tree):
    assert found(tree) == ["a.JPG", "b.png"]
    assert found(tree) == [path.name for path in expand_paths([tree])]


def test_subfolders_come_after_the_pictures_and_the_batch_itself_never(tree):
    assert found(tree, recursive=True) == ["a.JPG", "b.png", "m/d.png", "z/c.tif"]


def test_a_picture_given_twice_is_taken_once(tree):
    assert found(tree, "b.png", ".", "a.JPG") == ["b.png", "a.JPG"]


def test_a_file_is_taken_whatever_it_is_called(tree):
    assert found(tree, "note.txt") == ["note.txt"]


@pytest.mark.parametrize(("name", "said"), [("absent", "no such file"), ("out", "--recursive")])
def test_what_leads_to_no_picture_is_refused(tree, name, said):
    with pytest.raises(UsageError, match=said):
        found(tree, name)


def test_a_listing_is_read_back_from_any_place(tmp_path):
    folder = BatchFolder(tmp_path)
    names = ["/a b.png", "/new\nline.png", "/caf\udce9.png"]
    count, digest = write_listing(names, folder.listing)
    assert (count, len(digest)) == (3, 64)
    assert [str(path) for path in folder.paths()] == names
    assert [str(path) for path in folder.paths(2)] == names[2:]
    assert len(folder.listing.read_text().splitlines()) == 3
    assert json.loads(folder.listing.read_text().splitlines()[0]) == "/a b.png"


def test_an_interrupted_listing_is_none(tmp_path):
    def pictures():
        yield "/a.png"
        msg = "no more"
        raise UsageError(msg)

    folder = BatchFolder(tmp_path)
    with pytest.raises(UsageError):
        write_listing(pictures(), folder.listing)
    assert list(tmp_path.iterdir()) == []


def test_equal_names_have_different_stems(tmp_path):
    assert stem(3, tmp_path / "a" / "x.png") == "000003_x"
    assert stem(4, tmp_path / "b" / "x.png") == "000004_x"
