"""COCO JSON: it loads where it is meant to, and shapes are exact."""

import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from adapp.services.batch_coco import segmentations
from adapp.services.regions import regions
from tests.unit.services.batches import Runner, tell_types, write_parts


@pytest.fixture
def run(tmp_path):
    write_parts(tmp_path)
    return Runner(tmp_path)


def blobs(seed, height, width):
    """Return a map with regions of any shape, holes and edges among them."""
    noise = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.clip(0.5 + smooth / smooth.std() / 4, 0, 1)


def test_it_loads_in_pycocotools_and_masks_are_those_of_the_batch(run, capsys):
    run()
    coco = COCO(str(run.folder / "out" / "coco.json"))
    capsys.readouterr()
    assert [coco.imgs[n]["file_name"] for n in (1, 3)] == ["q000.png", "q002.png"]
    for line in run.lines():
        found = coco.loadAnns(coco.getAnnIds(imgIds=[line["number"]]))
        assert len(found) == len(line["query"]["regions"])
        mask = cv2.imread(str(run.folder / "out" / line["files"]["mask"]), cv2.IMREAD_GRAYSCALE)
        united = np.zeros(mask.shape, bool)
        for annotation in found:
            united |= coco.annToMask(annotation).astype(bool)
        assert np.array_equal(united, mask > 0)
    assert len(coco.anns) >= 2
    assert coco.cats[1] == {"id": 1, "name": "anomaly", "supercategory": "plate"}


@pytest.mark.parametrize("size", [(97, 131), (40, 40), (1, 300), (300, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_run_lengths_are_what_pycocotools_would_write(seed, size):
    values = blobs(seed, *size)
    found = regions(values, 0.55, min_pixels=1)
    assert found
    united = np.zeros(size, bool)
    for region, rle in zip(found, segmentations(values, 0.55, found, "rle"), strict=True):
        mask = coco_mask.decode(rle)
        encoded = coco_mask.encode(np.asfortranarray(mask))
        assert rle["counts"] == encoded["counts"].decode()
        assert coco_mask.area(rle) == region.area_px == mask.sum()
        row0, column0, row1, column1 = region.box
        box = [column0, row0, column1 - column0, row1 - row0]
        assert coco_mask.toBbox(rle).tolist() == box
        united |= mask.astype(bool)
    assert np.array_equal(united, values > 0.55)


def test_a_region_that_fills_the_picture_has_a_valid_shape():
    values = np.ones((5, 7), np.float32)
    (rle,) = segmentations(values, 0.5, regions(values, 0.5, 1), "rle")
    assert coco_mask.decode(rle).all()


@pytest.mark.parametrize("seed", range(3))
def test_polygons_cover_the_region_up_to_its_holes(seed):
    values = blobs(seed, 97, 131)
    found = regions(values, 0.55, min_pixels=1)
    polygons = segmentations(values, 0.55, found, "polygon")
    exact = segmentations(values, 0.55, found, "rle")
    for outline, rle in zip(polygons, exact, strict=True):
        assert all(len(ring) >= 6 for ring in outline)
        drawn = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(outline, 97, 131)))
        mask = coco_mask.decode(rle)
        filled = np.zeros((97, 131), np.uint8)
        rings, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(filled, rings, -1, 1, cv2.FILLED)
        assert np.array_equal(drawn, filled)


def test_polygons_are_written_when_asked_for(run):
    run(segmentation="polygon")
    found = run.coco()["annotations"]
    assert found
    assert all(isinstance(item["segmentation"], list) for item in found)


def test_a_batch_without_regions_is_valid_json_too(run):
    run(pixel_threshold=2.0)
    text = (run.folder / "out" / "coco.json").read_text()
    assert json.loads(text)["annotations"] == []


def test_type_and_probability_are_attributes_of_a_region(run, monkeypatch):
    run(**tell_types(monkeypatch), pixel_threshold=0.1)
    lines = [line for line in run.lines() if line["query"]["verdict"] == "anomalous"]
    told = {line["number"]: line["query"]["regions"] for line in lines}
    coco = run.coco()
    assert coco["annotations"]
    found = {number: [] for number in told}
    sound = [item for item in coco["annotations"] if item["image_id"] not in told]
    assert sound
    assert not any("attributes" in item or "defect_types" in item for item in sound)
    typed = [item for item in coco["annotations"] if item["image_id"] in told]
    for item in typed:
        found[item["image_id"]].append(item)
    for number, regions_told in told.items():
        for item, region in zip(found[number], regions_told, strict=True):
            best = region["types"][0]
            assert item["attributes"] == {
                "defect_type": best["type"],
                "defect_type_probability": best["probability"],
            }
            assert item["defect_types"] == region["types"]
    assert {item["attributes"]["defect_type"] for item in typed} >= {"scratch"}


def test_a_method_without_types_has_no_attributes(run):
    run()
    assert all(not {"attributes", "defect_types"} & set(item) for item in run.coco()["annotations"])
