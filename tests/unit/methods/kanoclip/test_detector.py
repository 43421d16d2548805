"""The detector: a name is enough, maps and evidence fit the query, supports set the threshold."""

import numpy as np
import pytest
import torch

from adapp.core.detector import SupportSet
from adapp.methods.kanoclip.build import build, untrained
from adapp.methods.kanoclip.config import VARIANTS
from adapp.methods.kanoclip.inputs import pictures_of
from adapp.methods.kanoclip.scoring import image_scores


def pictures(count, seed=0, side=(90, 130)):
    rng = np.random.default_rng(seed)
    return [rng.normal(120, 20, (*side, 3)).clip(0, 255).astype(np.uint8) for _ in range(count)]


@pytest.fixture(scope="module")
def full():
    return untrained("tiny", seed=1)


@pytest.fixture(scope="module")
def fitted(full):
    return full.fit(SupportSet("metal plate"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_step_works_without_a_single_picture(variant):
    detector = build("tiny", variant=variant) if variant == "base" else untrained("tiny", variant)
    result = detector.fit(SupportSet("plate")).predict(pictures(1)[0])
    assert result.fused_map.shape == (90, 130)
    assert result.category == "plate"
    assert 0 <= result.score <= 2
    assert result.score_range == (0.0, 2.0)
    if variant in {"base", "knpl", "vv"}:
        assert np.array_equal(result.residual_map, np.zeros_like(result.residual_map))
    else:
        assert np.abs(result.residual_map).max() > 0


def test_four_stage_maps_are_the_evidence(full, fitted):
    result = fitted.predict(pictures(1)[0])
    assert list(result.evidence) == [f"stage {block}" for block in full.backbone.stages]
    assert len(result.evidence) == 4
    for values in result.evidence.values():
        assert values.shape == result.fused_map.shape
        assert 0 <= values.min() <= values.max() <= 1
    first, last = result.evidence["stage 1"], result.evidence["stage 4"]
    assert not np.allclose(first, last, atol=1e-3)


def test_residual_is_what_interaction_and_adapter_changed(fitted):
    result = fitted.predict(pictures(1)[0])
    np.testing.assert_allclose(result.base_map + result.residual_map, result.fused_map, atol=1e-6)
    assert result.nearest_normal is None


def test_a_batch_says_what_single_pictures_say(fitted):
    shown = pictures(10, seed=4)
    together = fitted.predict_batch(shown)
    assert len(together) == 10
    for image, result in zip(shown[-2:], together[-2:], strict=True):
        alone = fitted.predict(image)
        np.testing.assert_allclose(alone.fused_map, result.fused_map, atol=1e-5)
        assert alone.score == pytest.approx(result.score, abs=1e-4)


def test_a_part_without_a_name_is_an_object_and_the_result_says_so(full):
    nameless, named = full.fit(SupportSet(" ")), full.fit(SupportSet("object"))
    assert nameless.part == "object"
    (note,) = set(nameless.provenance.fallbacks) - set(named.provenance.fallbacks)
    assert "no name" in note
    assert '"object"' in note
    image = pictures(1)[0]
    np.testing.assert_array_equal(nameless.predict(image).fused_map, named.predict(image).fused_map)


def test_another_name_gives_another_map(full, fitted):
    image = pictures(1)[0]
    other = full.fit(SupportSet("brain scan")).predict(image)
    assert not np.allclose(other.fused_map, fitted.predict(image).fused_map, atol=1e-4)


def test_normal_pictures_change_the_threshold_and_nothing_else(full, fitted):
    supported = full.fit(SupportSet("metal plate", pictures(3)))
    image = pictures(1, seed=9)[0]
    one, other = fitted.predict(image), supported.predict(image)
    np.testing.assert_array_equal(one.fused_map, other.fused_map)
    assert one.score == other.score
    before, after = fitted.calibration(), supported.calibration()
    assert (before.basis, after.basis) == ("generic", "leave_one_out")
    assert before.image_threshold != after.image_threshold
    assert after.n_normals == 3
    assert len(after.normal_scores) == 3
    assert max(after.normal_scores) < after.image_threshold < 2
    assert after.normal_scores[0] == pytest.approx(
        supported.predict(pictures(3)[0]).score, abs=1e-3
    )
    assert "set the threshold only" in after.note


def test_a_single_normal_is_scored_with_its_mild_views(full):
    calibration = full.fit(SupportSet("metal plate", pictures(1))).calibration()
    assert calibration.basis == "augmented"
    assert calibration.n_normals == 1
    assert len(calibration.normal_scores) > 1


def test_it_takes_no_support_by_regime(full):
    assert full.regimes == {"zero_shot"}
    assert full.name == "kanoclip"
    assert full.size == 112


def test_the_bound_and_the_shared_stages_change_nothing(full, fitted):
    shown = pictures(2, seed=7)
    plain = full.backbone.encode_rgb(shown)
    seen = pictures_of(
        full.network, full.joint, plain.patches, plain.local, plain.pooled, plain.grid
    )
    with torch.no_grad():
        output = full.network(seen, fitted.text.repeated(2), full.joint.temperature)
    expected = image_scores(output, full.backbone.size, full.config.sigma)
    found = [result.score for result in fitted.predict_batch(shown)]
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
