"""Reference rows: evaluated like a method, told apart from one."""

import numpy as np
import pytest
import torch

from adapp.auxiliary import bridge_training, linear_floor, pictures, reference
from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.core.detector import SupportSet
from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError
from adapp.training.request import TrainingRequest
from tests.unit.auxiliary.conftest import write_set


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the checkpoint of each reference by name."""
    folder = tmp_path_factory.mktemp("references")
    root = write_set(folder / "set")
    # a bright and a dark defect lie on opposite sides: no one slope leads to both
    small = BridgeConfig(steps=30, batch=8, warmup=2, guide_weight=0.0)
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADAPP_CACHE", str(folder / "cache"))
        patch.delenv("ADAPP_FEATURE_CACHE", raising=False)
        patch.setattr(pictures, "FAMILIES", ("washer",))
        patch.setattr(bridge_training, "BridgeConfig", lambda: small)
        for module in (bridge_training, linear_floor):
            out = folder / f"{module.NAME}.safetensors"
            asked = TrainingRequest(
                preset="tiny", variant=module.VARIANTS[-1], roots=(root,), out=out, epochs=4
            )
            made[module.NAME] = module.run(asked, resume=False)
    return made


def build(name, path, variant=None):
    return reference.build(name, "tiny", str(path), variant, None, 0)


def defective():
    """Return a picture with an inverted square, and where it is."""
    rng = np.random.default_rng(3)
    image = rng.normal(90, 12, size=(96, 128, 3)).clip(0, 255).astype(np.uint8)
    image[30:70, 40:90] = 255 - image[30:70, 40:90]
    return image


def test_references_see_the_defect_that_they_were_trained_on(trained):
    for name, path in trained.items():
        for variant in (bridge_training if name == "bridge" else linear_floor).VARIANTS:
            detector = build(name, path, variant)
            assert (detector.name, detector.variant) == (name, variant)
            result = detector.fit(SupportSet("steel_plate")).predict(defective())
            assert result.fused_map.shape == (96, 128)
            assert result.fused_map[40:60, 50:80].mean() > result.fused_map[:20].mean() + 0.05
            assert not result.residual_map.any()
            assert 0 < result.score < 1
            assert result.category == "steel plate"
            assert result.provenance.method == name
            assert "set/steel_plate" in result.provenance.trained_on


def test_a_batch_gives_what_single_pictures_give(trained):
    fitted = build("bridge", trained["bridge"]).fit(SupportSet("plate"))
    images = [defective(), defective()[:, ::-1].copy(), np.zeros((64, 64, 3), np.uint8)]
    together = fitted.predict_batch(images)
    for image, result in zip(images, together, strict=True):
        alone = fitted.predict(image)
        np.testing.assert_allclose(result.fused_map, alone.fused_map, atol=1e-4)
        assert result.score == pytest.approx(alone.score, abs=1e-4)


def test_the_median_variant_takes_the_pictures_own_middle_away(trained):
    image = defective()
    scores = {
        variant: build("linear_floor", trained["linear_floor"], variant)
        for variant in linear_floor.VARIANTS
    }
    odds = {
        variant: detector.scorer.logits(detector.backbone.encode_rgb([image]), "")[1]
        for variant, detector in scores.items()
    }
    cells, _ = scores["top"].scorer.logits(scores["top"].backbone.encode_rgb([image]), "")
    torch.testing.assert_close(odds["median"], odds["top"] - cells.median(dim=1).values)


def test_the_parts_name_reaches_the_bridge_and_not_the_floor(trained):
    for name, path in trained.items():
        detector = build(name, path)
        maps = [
            detector.fit(SupportSet(part)).predict(defective()).fused_map
            for part in ("steel_plate", "brain")
        ]
        assert np.array_equal(*maps) == (name == "linear_floor")


def test_thresholds_say_that_nothing_is_known(trained):
    calibration = build("bridge", trained["bridge"]).fit(SupportSet("plate")).calibration()
    assert calibration.basis == "generic"
    assert calibration.n_normals == 0


def test_wrong_names_and_files_are_told(trained, tmp_path):
    with pytest.raises(UsageError, match="has no variant"):
        build("bridge", trained["bridge"], "median")
    with pytest.raises(CheckpointMismatch, match="not for linear_floor"):
        build("linear_floor", trained["bridge"])
    with pytest.raises(ModelUnavailable, match="no checkpoint"):
        build("bridge", tmp_path / "gone.safetensors")
    with pytest.raises(ModelUnavailable, match="bridge-tiny-open"):
        build("bridge", "open")
