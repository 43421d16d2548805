"""Tiny data sets under the names of published ones, for tests of ``reproduce``."""

import cv2

from tests.fakes import part

DEFECT = (10, 20, 30, 50)


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def write_category(folder, normals=3, anomalous=2):
    """Write a category in MVTec's layout: distinct normals, planted defects with masks."""
    for number in range(normals):
        save(folder / "train" / "good" / f"{number}.png", part(number))
        save(folder / "test" / "good" / f"{number}.png", part(20 + number))
    for number in range(anomalous):
        save(folder / "test" / "spot" / f"{number}.png", part(40 + number, defect=DEFECT))
        mask = part(0)[:, :, 0] * 0
        mask[DEFECT[0] : DEFECT[2], DEFECT[1] : DEFECT[3]] = 255
        save(folder / "ground_truth" / "spot" / f"{number}_mask.png", mask)
