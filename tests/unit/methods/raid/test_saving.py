"""A fitted detector that went through a file inspects as before."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import adapp
from adapp.core.errors import CheckpointMismatch
from adapp.methods.raid.saving import restore, save


@pytest.fixture(scope="module")
def detector():
    return adapp.load_detector("raid", preset="tiny", variant="retrieval")


def pictures(count: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(120, 30, (64, 80, 3)).clip(0, 255).astype(np.uint8) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 3])
def test_a_restored_detector_scores_as_the_saved_one(detector, tmp_path, count):
    fitted = detector.fit(adapp.SupportSet("plate", pictures(count, 0)))
    save(fitted, tmp_path / "set.safetensors")
    again = restore(detector, tmp_path / "set.safetensors")
    query = pictures(1, 9)[0]
    expected, got = fitted.predict(query), again.predict(query)
    assert got.category == "plate"
    assert got.score == pytest.approx(expected.score, abs=5e-3)  # tokens are kept in half precision
    assert np.allclose(got.fused_map, expected.fused_map, atol=5e-3)
    thresholds = [one.calibration().image_threshold for one in (fitted, again)]
    assert thresholds[0] == pytest.approx(thresholds[1], abs=5e-3)


def test_several_categories_survive(detector, tmp_path):
    fitted = detector.fit_many(
        [adapp.SupportSet("a", pictures(2, 1)), adapp.SupportSet("b", pictures(2, 2))]
    )
    save(fitted, tmp_path / "set.safetensors")
    again = restore(detector, tmp_path / "set.safetensors")
    assert [entry.name for entry in again.database.categories] == ["a", "b"]
    assert [len(images) for images in again.images] == [2, 2]


def test_a_foreign_file_is_refused(detector, tmp_path):
    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointMismatch, match="not a database"):
        restore(detector, tmp_path / "other.safetensors")
