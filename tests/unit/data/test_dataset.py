"""Folder layouts: what is found, under which name, and what is left out with a reason."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapp.core.errors import UsageError
from adapp.data.dataset import Category, read_root, read_roots


def picture(path: Path, value: int = 128, size: tuple[int, int] = (12, 8)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(path)
    return path


def mask(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros((12, 8), np.uint8)
    values[2:4, 3:6] = 255
    Image.fromarray(values).save(path)
    return path


def mvtec_category(folder: Path, *, good: bool = True) -> Path:
    if good:
        picture(folder / "train/good/000.png")
        picture(folder / "train/good/001.png")
    picture(folder / "test/good/000.png")
    picture(folder / "test/crack/000.png")
    mask(folder / "ground_truth/crack/000_mask.png")
    return folder


def only(root: Path) -> Category:
    (category,) = read_root(root).categories
    return category


@pytest.mark.parametrize(
    ("root", "place"),
    [
        ("mvtec", "mvtec/bottle"),
        ("collection", "collection/mvtec/bottle"),
        ("mvtec/bottle", "mvtec/bottle"),
    ],
)
def test_every_depth_gives_the_same_name(tmp_path: Path, root: str, place: str) -> None:
    mvtec_category(tmp_path / place)
    category = only(tmp_path / root)
    assert category.name == "mvtec/bottle"
    assert category.part == "bottle"
    assert [s.path.name for s in category.train_normal] == ["000.png", "001.png"]
    assert {s.category for s in (*category.train_normal, *category.test)} == {"mvtec/bottle"}


def test_labels_splits_and_masks(tmp_path: Path) -> None:
    category = only(mvtec_category(tmp_path / "set/bottle"))
    crack, good = category.test
    assert (crack.label, crack.defect_type, crack.split) == (1, "crack", "test")
    assert crack.mask_path == tmp_path / "set/bottle/ground_truth/crack/000_mask.png"
    assert (good.label, good.defect_type, good.mask_path) == (0, "good", None)
    assert {s.split for s in category.train_normal} == {"train"}
    assert category.n_without_mask == 0


def test_relative_root_takes_its_real_folder_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mvtec_category(tmp_path / "mvtec/bottle")
    monkeypatch.chdir(tmp_path / "mvtec")
    assert only(Path()).name == "mvtec/bottle"


def test_sets_and_loose_categories_mix(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "root/zebra")
    mvtec_category(tmp_path / "root/set/apple")
    assert [c.name for c in read_root(tmp_path / "root").categories] == ["root/zebra", "set/apple"]


@pytest.mark.parametrize(
    "name", ["000_mask.png", "000.png", "000_mask.bmp", "000.tif", "000_gt.png", "000_MASK.PNG"]
)
def test_mask_names(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set/part"
    picture(folder / "test/hole/000.jpg")
    expected = mask(folder / "ground_truth/hole" / name)
    assert only(folder).test[0].mask_path == expected


def test_mask_of_a_longer_stem_is_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "set/part"
    picture(folder / "test/hole/1.png")
    mask(folder / "ground_truth/hole/1_2_mask.png")
    category = only(folder)
    assert category.test[0].mask_path is None
    assert category.n_without_mask == 1


def test_masks_of_another_defect_are_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "set/part"
    picture(folder / "test/hole/000.png")
    mask(folder / "ground_truth/scratch/000_mask.png")
    assert only(folder).test[0].mask_path is None


def test_a_folder_of_masks_belongs_to_its_picture(tmp_path: Path) -> None:
    folder = tmp_path / "loco/box"
    picture(folder / "test/logical/007.png")
    mask(folder / "ground_truth/logical/007/000.png")
    mask(folder / "ground_truth/logical/007/001.png")
    assert only(folder).test[0].mask_path == folder / "ground_truth/logical/007"


@pytest.mark.parametrize("suffix", ["png", "jpg", "JPEG", "bmp", "tif", "tiff", "webp"])
def test_picture_formats(tmp_path: Path, suffix: str) -> None:
    picture(tmp_path / f"set/part/test/good/a.{suffix}")
    assert [s.path.name for s in only(tmp_path / "set").test] == [f"a.{suffix}"]


def test_hidden_and_foreign_files_are_no_pictures(tmp_path: Path) -> None:
    folder = mvtec_category(tmp_path / "set/part")
    picture(folder / "train/good/._000.png")
    (folder / "train/good/Thumbs.db").write_bytes(b"x")
    (folder / "test/crack/notes.txt").write_text("x")
    picture(folder / "test/.cache/a.png")
    picture(tmp_path / "set/.trash/part/test/good/a.png")
    picture(tmp_path / "set/__MACOSX/part/test/good/a.png")
    dataset = read_root(tmp_path / "set")
    assert dataset.skipped == {}
    (category,) = dataset.categories
    assert [s.path.name for s in category.train_normal] == ["000.png", "001.png"]
    assert len(category.test) == 2


def test_listings_do_not_follow_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b", "a", "c"):
        for stem in ("2", "10", "1"):
            picture(tmp_path / f"set/{name}/train/good/{stem}.png")
    forward = read_root(tmp_path / "set")
    iterdir = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: sorted(iterdir(self), reverse=True))
    assert read_root(tmp_path / "set") == forward
    assert [c.name for c in forward.categories] == ["set/a", "set/b", "set/c"]
    names = [s.path.name for s in forward.categories[0].train_normal]
    assert names == ["1.png", "10.png", "2.png"]


def test_without_train_good_the_category_stays(tmp_path: Path) -> None:
    category = only(mvtec_category(tmp_path / "set/part", good=False))
    assert category.train_normal == ()
    assert len(category.test) == 2


def test_training_only_category_stays(tmp_path: Path) -> None:
    picture(tmp_path / "set/part/train/good/0.png")
    assert only(tmp_path / "set").test == ()


def test_empty_folders_are_skipped_with_a_reason(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "set/part")
    (tmp_path / "set/hollow/train/good").mkdir(parents=True)
    (tmp_path / "set/hollow/test/crack").mkdir(parents=True)
    dataset = read_root(tmp_path / "set")
    assert [c.name for c in dataset.categories] == ["set/part"]
    assert dataset.skipped == {"set/hollow": "no picture in train/good or in its test folders"}


def test_a_folder_of_loose_pictures_is_named_and_one_without_is_not(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "set/part")
    picture(tmp_path / "set/extra/0.png")
    (tmp_path / "set/docs").mkdir()
    skipped = read_root(tmp_path / "set").skipped
    assert skipped == {"set/extra": "no category: neither train/good nor test in it"}


def test_too_deep_a_root_says_which_to_give(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "all/open/bsdata/screw")
    with pytest.raises(UsageError, match="open as a root of its own"):
        read_root(tmp_path / "all")


@pytest.mark.parametrize("make", [False, True])
def test_no_folder_and_no_category_are_usage_errors(tmp_path: Path, *, make: bool) -> None:
    root = tmp_path / "nothing"
    if make:
        root.mkdir()
    with pytest.raises(UsageError, match=r"expected ROOT/<category>" if make else "does not exist"):
        read_root(root)


def test_boxes_are_offered_and_are_no_mask(tmp_path: Path) -> None:
    folder = tmp_path / "deep/pcb"
    picture(folder / "test/open/a.jpg")
    boxes = {"test/open/a.jpg": [{"xyxy": [1, 2, 5, 4], "type": "spur"}]}
    (folder / "boxes.json").write_text(json.dumps(boxes))
    category = only(folder)
    (box,) = category.test[0].boxes
    assert (box.row0, box.col0, box.row1, box.col1, box.defect_type) == (2, 1, 4, 5, "spur")
    assert category.n_without_mask == 1


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 3}', '{"a": [{"xyxy": [1, 2]}]}'])
def test_broken_boxes_skip_the_category_with_a_reason(tmp_path: Path, content: str) -> None:
    mvtec_category(tmp_path / "deep/fine")
    folder = mvtec_category(tmp_path / "deep/pcb")
    (folder / "boxes.json").write_text(content)
    dataset = read_root(tmp_path / "deep")
    assert [c.name for c in dataset.categories] == ["deep/fine"]
    assert "boxes.json is not a list of boxes" in dataset.skipped["deep/pcb"]


def test_several_roots_make_one_set(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "open/b/x")
    mvtec_category(tmp_path / "research/a/y")
    dataset = read_roots([tmp_path / "open", tmp_path / "research", tmp_path / "open/../open"])
    assert dataset.name == "open+research"
    assert [c.name for c in dataset.categories] == ["a/y", "b/x"]


def test_overlapping_roots_count_a_category_once(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "open/b/x")
    assert len(read_roots([tmp_path / "open", tmp_path / "open/b"]).categories) == 1


def test_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    mvtec_category(tmp_path / "one/mvtec/bottle")
    mvtec_category(tmp_path / "two/mvtec/bottle")
    with pytest.raises(UsageError, match="both named mvtec/bottle"):
        read_roots([tmp_path / "one/mvtec", tmp_path / "two/mvtec"])


def test_no_roots_are_a_usage_error() -> None:
    with pytest.raises(UsageError, match="at least one"):
        read_roots([])
