"""BTAD's, VisA's and MPDD's own trees, built small."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapp.core.errors import UsageError
from adapp.data.dataset import load_mask, read_root

Row = tuple[str, str, str, str, str]


def save(path: Path, values: object = 9) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.broadcast_to(np.asarray(values, np.uint8), (6, 4))
    Image.fromarray(np.ascontiguousarray(array)).save(path)
    return path


def visa(root: Path, name: str = "candle") -> list[Row]:
    data = f"{name}/Data"
    for stem in ("0000", "0001", "0002"):
        save(root / f"{data}/Images/Normal/{stem}.JPG")
    save(root / f"{data}/Images/Anomaly/000.JPG")
    indices = np.zeros((6, 4), np.uint8)
    indices[1, 1], indices[2, 2] = 1, 7
    save(root / f"{data}/Masks/Anomaly/000.png", indices)
    return [
        (name, "test", "normal", f"{data}/Images/Normal/0002.JPG", ""),
        (name, "train", "normal", f"{data}/Images/Normal/0001.JPG", ""),
        (name, "train", "normal", f"{data}/Images/Normal/0000.JPG", ""),
        (
            name,
            "test",
            "anomaly",
            f"{data}/Images/Anomaly/000.JPG",
            f"{data}/Masks/Anomaly/000.png",
        ),
    ]


def write_table(root: Path, rows: list[Row]) -> None:
    path = root / "split_csv/1cls.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("object", "split", "label", "image", "mask"), *rows])


@pytest.mark.parametrize("root", ["VisA", ".", "VisA/candle"])
def test_visa_follows_its_table_of_splits(tmp_path: Path, root: str) -> None:
    write_table(tmp_path / "x/VisA", visa(tmp_path / "x/VisA"))
    dataset = read_root(tmp_path / "x" / root)
    (category,) = dataset.categories
    assert dataset.skipped == {}
    assert (category.name, category.layout) == ("VisA/candle", "visa")
    assert [s.path.name for s in category.train_normal] == ["0000.JPG", "0001.JPG"]
    assert [(s.path.name, s.label) for s in category.test] == [("0002.JPG", 0), ("000.JPG", 1)]


def test_visa_masks_hold_class_indices(tmp_path: Path) -> None:
    write_table(tmp_path / "VisA", visa(tmp_path / "VisA"))
    (category,) = read_root(tmp_path / "VisA").categories
    found = load_mask(category.test[1], 6, 4)
    assert found is not None
    assert list(zip(*np.nonzero(found), strict=True)) == [(1, 1), (2, 2)]


def test_visa_pictures_and_masks_that_are_gone(tmp_path: Path) -> None:
    root = tmp_path / "VisA"
    write_table(root, visa(root))
    (root / "candle/Data/Images/Normal/0000.JPG").unlink()
    (root / "candle/Data/Masks/Anomaly/000.png").unlink()
    (category,) = read_root(root).categories
    assert [s.path.name for s in category.train_normal] == ["0001.JPG"]
    assert category.n_without_mask == 1


def test_visa_without_its_table_says_so(tmp_path: Path) -> None:
    visa(tmp_path / "VisA")
    with pytest.raises(UsageError, match=r"1cls\.csv is missing"):
        read_root(tmp_path / "VisA")


def test_visa_with_other_columns_says_so(tmp_path: Path) -> None:
    visa(tmp_path / "VisA")
    table = tmp_path / "VisA/split_csv/1cls.csv"
    table.parent.mkdir()
    table.write_text("object,split,image\ncandle,train,a.JPG\n")
    with pytest.raises(UsageError, match="lacks the columns label, mask"):
        read_root(tmp_path / "VisA")


def test_btad_ok_and_ko(tmp_path: Path) -> None:
    folder = tmp_path / "BTAD/03"
    save(folder / "train/ok/0001.bmp")
    save(folder / "test/ok/0000.bmp")
    save(folder / "test/ko/0000.bmp")
    save(folder / "test/ko/0001.bmp")
    save(folder / "ground_truth/ko/0000.bmp", 255)
    save(folder / "ground_truth/ko/0001.png", 255)
    save(folder / "ground_truth/ok/0000.png", 0)
    (category,) = read_root(tmp_path / "BTAD").categories
    assert (category.name, category.layout) == ("BTAD/03", "btad")
    assert [s.defect_type for s in category.train_normal] == ["good"]
    assert [(s.label, s.defect_type) for s in category.test] == [(1, "ko"), (1, "ko"), (0, "good")]
    assert [s.mask_path.name if s.mask_path else None for s in category.test] == [
        "0000.bmp",
        "0001.png",
        None,
    ]


def test_mpdd_is_mvtec_with_stray_files(tmp_path: Path) -> None:
    root = tmp_path / "MPDD"
    for stem in ("000", "001"):
        save(root / f"bracket_brown/train/good/{stem}.png")
    save(root / "bracket_brown/test/good/000.png")
    save(root / "bracket_brown/test/bend_and_parts_mismatch/000.png")
    save(root / "bracket_brown/ground_truth/bend_and_parts_mismatch/000_mask.png", 255)
    (root / "license.txt").write_text("CC BY-NC-SA 4.0")
    (root / "bracket_brown/readme.txt").write_text("x")
    save(root / "tubes/train/good/000.png")
    save(root / "tubes/test/anomalous/000.png")
    save(root / "tubes/ground_truth/anomalous/000_mask.png", 255)
    brown, tubes = read_root(root).categories
    assert (brown.name, tubes.name) == ("MPDD/bracket_brown", "MPDD/tubes")
    assert [s.defect_type for s in brown.test] == ["bend_and_parts_mismatch", "good"]
    assert tubes.n_without_mask == 0


def test_layouts_live_beside_each_other(tmp_path: Path) -> None:
    save(tmp_path / "root/btad/01/train/ok/0.bmp")
    save(tmp_path / "root/mpdd/tubes/train/good/0.png")
    write_table(tmp_path / "root/visa", visa(tmp_path / "root/visa"))
    found = {c.name: c.layout for c in read_root(tmp_path / "root").categories}
    assert found == {"btad/01": "btad", "mpdd/tubes": "mvtec", "visa/candle": "visa"}
