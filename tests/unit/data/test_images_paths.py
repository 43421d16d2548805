"""File names as untrusted text, and folders expanded into files."""

import os
from pathlib import Path

import pytest

from adapp.core.errors import UsageError
from adapp.data.images import expand_paths, safe_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("part.png", "part.png"),
        ("/somewhere/else/part.png", "part.png"),
        ("new\nline\ttab.png", "newlinetab.png"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("zero\u200bwidth\ufeff.png", "zerowidth.png"),
        ("isolate\u2066x\u2069.png", "isolatex.png"),
        ("e\u0301.png", "\u00e9.png"),
        ("two  \u00a0 blanks.png", "two blanks.png"),
        ("部品.png", "部品.png"),
        (os.fsdecode(b"raw\xff.png"), "raw.png"),
        ("\u202e", "unnamed file"),
        ("", "unnamed file"),
    ],
)
def test_names_are_shown_on_one_printable_line(name, shown):
    assert safe_name(name) == shown


def test_long_names_lose_their_middle():
    shown = safe_name("a" * 200 + ".png")
    assert len(shown) == 80
    assert shown.startswith("aaa")
    assert shown.endswith("a.png")


def test_folders_stand_for_the_pictures_directly_inside(tmp_path):
    for name in ("b.PNG", "a.jpg", "c.tiff", ".hidden.png", "notes.txt", "d.gif", "e.webp"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "z.png").write_bytes(b"x")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    names = [path.name for path in expand_paths([tmp_path])]
    assert names == ["a.jpg", "b.PNG", "c.tiff", "e.webp", "loop.png"]


def test_files_are_taken_whatever_their_name_and_once(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "odd.dat").write_bytes(b"x")
    odd, first = tmp_path / "odd.dat", tmp_path / "a.png"
    assert expand_paths([odd, tmp_path, first]) == (odd, first)


@pytest.mark.parametrize("name", ["absent", "x" * 300, "nul\0", "empty"])
def test_paths_without_pictures_are_refused_by_name_only(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        expand_paths([tmp_path / name])
    assert str(caught.value).startswith(safe_name(name))
    assert str(tmp_path) not in str(caught.value)


def test_no_path_at_all_is_refused():
    with pytest.raises(UsageError, match="No pictures were given"):
        expand_paths([])


def test_a_folder_that_cannot_be_read_is_refused(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(UsageError, match="cannot be read"):
        expand_paths([tmp_path])
