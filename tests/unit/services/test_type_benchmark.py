"""Type accuracy end to end: a detector that names a scratch, then a missing part, then a stain."""

import json
from dataclasses import replace

import numpy as np
import pytest

from adapp.core.detector import SupportSet
from adapp.core.errors import UsageError
from adapp.core.results import DefectTypes
from adapp.data.synthetic import DEFECT_TYPES
from adapp.services import type_benchmark
from adapp.services.benchmark_run import EvaluationRequest
from adapp.services.type_benchmark import DRAWN, Tally, measure_types
from tests.fakes import FakeDetector, FakeFitted, FakeLoader, part
from tests.unit.services.papers import DEFECT, save


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Two scratches, a stain, a blowhole and two pictures that cannot count; one good picture."""
    data = tmp_path_factory.mktemp("data")
    folder = data / "set" / "tile"
    folders = (("scratches", 2), ("patches", 1), ("blowhole", 1), ("defect", 1))
    save(folder / "test" / "good" / "0.png", part(0))
    save(folder / "test" / "cracks" / "0.png", part(9, defect=DEFECT))  # no mask
    for kind, count in folders:
        for number in range(count):
            name = f"{number}.png"
            save(folder / "test" / kind / name, part(40 + number, defect=DEFECT))
            mask = part(0)[:, :, 0] * 0
            mask[DEFECT[0] : DEFECT[2], DEFECT[1] : DEFECT[3]] = 255
            save(folder / "ground_truth" / kind / f"{number}_mask.png", mask)
    return data


def measured(root, **changes):
    asked = {"method": "adseeker", "roots": (root,), "preset": "tiny", "shots": 0}
    return measure_types(EvaluationRequest(**asked | changes), factory=FakeLoader())


@pytest.fixture(scope="module")
def found(root):
    return measured(root)


@pytest.fixture(name="few")
def _few(monkeypatch):
    """Draw one defect of each type."""
    monkeypatch.setattr(type_benchmark, "DRAWN", 1)


def test_names_of_folders_count_as_their_canonical_types(found):
    row = found["categories"]["set/tile"]
    assert row["folders"] == {
        "blowhole": {"counted_as": "hole", "pictures": 1},
        "patches": {"counted_as": "stain", "pictures": 1},
        "scratches": {"counted_as": "scratch", "pictures": 2},
    }
    assert row["left_out"]["no known type: defect"] == 1
    assert row["left_out"]["without mask"] == 1
    assert row["in_training_data"] is False


def test_outlined_defects_are_counted_right(found):
    told = found["categories"]["set/tile"]["real"]["outlined"]
    assert told["defects"] == 4
    assert told["first"] == 50.0
    assert told["among_three"] == 75.0
    assert told["balanced_first"] == pytest.approx(100 / 3)
    assert told["chance_first"] == pytest.approx(100 / 3)
    assert told["by_type"]["hole"]["among_three"] == 0.0
    assert found["types"] == ["scratch", "missing_part", "stain"]


@pytest.mark.usefixtures("few")
def test_regions_are_those_that_the_app_shows(root, found, monkeypatch):
    told = found["categories"]["set/tile"]["real"]
    assert told["pictures"] == told["pictures_shown"] == 4
    assert told["shown"]["defects"] >= 4
    assert told["shown"]["by_type"]["scratch"]["first"] == 100.0
    assert told["shown"]["by_type"]["stain"]["first"] == 0.0
    own = FakeFitted.calibration
    monkeypatch.setattr(
        FakeFitted, "calibration", lambda self: replace(own(self), image_threshold=1.0)
    )
    normal = measured(root)["categories"]["set/tile"]["real"]
    assert normal["pictures_shown"] == normal["shown"]["defects"] == 0
    assert normal["outlined"] == told["outlined"]


def test_a_region_beside_the_outline_does_not_count():
    fused = np.zeros((40, 40), np.float32)
    fused[4:12, 4:12] = fused[24:36, 24:36] = 0.9
    logits = np.zeros((4, 4, 3), np.float32)
    logits[:2, :2, 0] = logits[2:, 2:, 1] = 5.0
    types = DefectTypes(("scratch", "hole", ""), logits)
    detector = FakeDetector("adseeker", regimes=frozenset({"zero_shot"}))
    fitted = detector.fit(SupportSet("tile"))
    result = replace(
        fitted.predict(part(0)[:40, :40]),
        base_map=fused,
        residual_map=np.zeros_like(fused),
        fused_map=fused,
        score=0.9,
        defect_types=types,
    )
    mask = np.zeros((40, 40), np.bool_)
    mask[6:20, 6:20] = True
    tally = Tally()
    tally.add("scratch", mask, result, replace(fitted.calibration(), image_threshold=0.5))
    (shown,) = tally.shown
    assert shown.named == ("scratch", "hole")
    assert tally.found == 1
    tally.add("scratch", np.roll(mask, 15, axis=0), result, fitted.calibration())
    assert (len(tally.outlined), tally.found) == (2, 1)


def test_every_drawable_type_is_drawn_on_good_pictures(found):
    told = found["categories"]["set/tile"]["drawn"]["outlined"]["by_type"]
    assert set(told) <= set(DEFECT_TYPES)
    assert len(told) > len(DEFECT_TYPES) // 2
    assert (told["scratch"]["defects"], told["scratch"]["first"]) == (DRAWN, 100.0)
    assert told["stain"]["first"] == 0.0
    assert told["stain"]["among_three"] == 100.0
    assert told["hole"]["among_three"] == 0.0


@pytest.mark.usefixtures("few")
def test_the_same_seed_draws_the_same_defects(root):
    assert measured(root)["pooled"] == measured(root)["pooled"]


@pytest.mark.usefixtures("few")
def test_all_categories_are_pooled_and_written(root, tmp_path):
    place = tmp_path / "out" / "types.json"
    request = EvaluationRequest("adseeker", (root,), preset="tiny", shots=0)
    stages = []
    found = measure_types(
        request,
        json_path=place,
        factory=FakeLoader(),
        report=lambda *told: stages.append(told),
    )
    assert json.loads(place.read_text()) == found
    assert found["pooled"]["real"] == found["categories"]["set/tile"]["real"]
    assert found["provenance"]["type_accuracy"]["defects"] == 812
    assert stages == [("set/tile", 0, 1)]


@pytest.mark.usefixtures("few")
def test_a_method_that_names_no_types_is_refused(root):
    with pytest.raises(UsageError, match=r"kanoclip .* names no types"):
        measured(root, method="kanoclip")
