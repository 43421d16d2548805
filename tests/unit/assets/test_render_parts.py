"""The committed example pictures are what the script renders, and the index fits them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from adapp.core.settings import PROJECT_ROOT

ASSETS = PROJECT_ROOT / "assets"
ENTRIES: list[dict[str, Any]] = json.loads((ASSETS / "examples.json").read_text("utf-8"))


def read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None, path
    return picture


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("assets")
    script = [sys.executable, str(ASSETS / "render_parts.py"), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    subprocess.run(script, check=True, cwd=out, env=environment, timeout=300)
    return out


def test_the_script_renders_what_is_committed(rendered: Path) -> None:
    """Pixel for pixel; a different processor may round a few to the neighbouring level."""
    committed = sorted(path.relative_to(ASSETS) for path in ASSETS.rglob("*.png"))
    assert committed == sorted(path.relative_to(rendered) for path in rendered.rglob("*.png"))
    for name in committed:
        old, new = read(ASSETS / name), read(rendered / name)
        assert old.dtype == new.dtype
        assert old.shape == new.shape
        step = 1 if old.dtype == np.uint8 else 16  # 12-bit levels in 16-bit files
        if name.name.startswith("mask_"):
            assert np.mean(old != new) < 1e-4, name
            continue
        apart = np.abs(old.astype(int) - new.astype(int))
        assert np.mean(apart > 2 * step) < 1e-4, name
        assert apart.mean() < 0.02 * step, name


def test_the_script_renders_the_committed_index(rendered: Path) -> None:
    new = (rendered / "examples.json").read_text("utf-8")
    assert new == (ASSETS / "examples.json").read_text("utf-8")


def test_every_card_is_complete() -> None:
    assert len(ENTRIES) >= 5
    assert len({entry["id"] for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry["method"] == "raid"
        assert entry["licence"] == "Apache-2.0"
        assert all(entry[key] for key in ("title", "category", "expected", "origin"))
        assert len(entry["support"]) == 4
        assert len(entry["verdicts"]) == len(entry["query"])
        assert "normal" in entry["verdicts"]
        damaged = {
            name
            for name, verdict in zip(entry["query"], entry["verdicts"], strict=True)
            if verdict == "anomalous"
        }
        assert damaged == set(entry["masks"])


def test_one_card_shows_good_parts_only() -> None:
    assert any(not entry["masks"] for entry in ENTRIES)


def test_every_file_is_listed_once_and_small() -> None:
    listed = [
        name
        for entry in ENTRIES
        for name in (*entry["support"], *entry["query"], *entry["masks"].values())
    ]
    assert len(listed) == len(set(listed))
    found = {str(path.relative_to(ASSETS).as_posix()) for path in ASSETS.rglob("*.png")}
    assert found == set(listed)
    sizes = [path.stat().st_size for path in ASSETS.rglob("*") if path.is_file()]
    assert sum(sizes) < 6_000_000


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["id"] for entry in ENTRIES])
def test_masks_mark_a_small_part_that_differs_from_the_good_ones(entry: dict[str, Any]) -> None:
    for query, mask_name in entry["masks"].items():
        picture, mask = read(ASSETS / query), read(ASSETS / mask_name)
        assert mask.shape == picture.shape[:2]
        assert set(np.unique(mask)) == {0, 255}
        assert 0.0005 < np.mean(mask > 0) < 0.1
    for name in (*entry["support"], *entry["query"]):
        assert max(read(ASSETS / name).shape) <= 640


def test_one_example_is_16_bit() -> None:
    deep = [e for e in ENTRIES if read(ASSETS / e["query"][0]).dtype == np.uint16]
    assert len(deep) == 1
    pictures = [read(ASSETS / name) for name in (*deep[0]["support"], *deep[0]["query"])]
    assert all(picture.dtype == np.uint16 for picture in pictures)
    assert 1023 < max(int(picture.max()) for picture in pictures) <= 4095


def test_all_pictures_of_the_folder_are_ours() -> None:
    for entry in ENTRIES:
        assert "this project" in entry["origin"]
        assert (ASSETS / "README.md").read_text("utf-8").count(f"`{entry['id']}`") == 1
