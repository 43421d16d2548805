"""The detector: a name is enough, maps and evidence fit the query, supports set the threshold."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from adapp.core.detector import SupportSet
from adapp.methods.adseeker.build import build, untrained
from adapp.methods.adseeker.centroids import fit_centroids
from adapp.methods.adseeker.config import TYPED, VARIANTS
from adapp.methods.adseeker.presets import TINY
from adapp.methods.adseeker.vocabulary import TYPES
from adapp.ops.outline import READINGS
from adapp.reasoning.expert_tokens import TOKENS, create
from tests.unit.methods.adseeker.planted import KINDS, awake, planted_regions, units


def pictures(count, seed=0, side=(90, 130)):
    rng = np.random.default_rng(seed)
    return [rng.normal(120, 20, (*side, 3)).clip(0, 255).astype(np.uint8) for _ in range(count)]


@pytest.fixture(scope="module")
def full():
    """Every part awake, and a book of types about random middles."""
    detector = untrained("tiny", seed=1)
    awake(detector.network, seed=3)
    regions, _, _ = planted_regions()
    middles = units(KINDS, detector.network.book.centres.shape[1], seed=5)
    wide = replace(regions, features=2 * middles[regions.types])
    detector.network.book.fill(fit_centroids(wide, TINY.types))
    detector.network.teller.fill(fit_centroids(wide, TINY.telling))
    return detector


@pytest.fixture(scope="module")
def fitted(full):
    return full.fit(SupportSet("metal plate"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_step_works_without_a_single_picture(variant):
    detector = build("tiny", variant=variant) if variant == "base" else untrained("tiny", variant)
    if detector.network is not None:
        awake(detector.network)
    result = detector.fit(SupportSet("plate")).predict(pictures(1)[0])
    assert result.fused_map.shape == (90, 130)
    assert result.category == "plate"
    assert 0 <= result.score <= 1
    assert result.score_range == (0.0, 1.0)
    assert (result.defect_types is None) is (variant not in TYPED)
    assert bool(np.any(result.residual_map)) is (variant != "base")


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_an_untrained_step_changes_nothing_in_its_base(variant):
    result = untrained("tiny", variant).fit(SupportSet("plate")).predict(pictures(1)[0])
    assert np.abs(result.residual_map).max() < 1e-5


def test_place_code_and_type_are_the_evidence(fitted):
    result = fitted.predict(pictures(1)[0])
    assert list(result.evidence) == ["location", "sparse code", "type"]
    for values in result.evidence.values():
        assert values.shape == result.fused_map.shape
        assert 0 <= values.min() < values.max() <= 1


def test_the_chosen_types_map_is_where_its_centroid_beats_none_of_these(fitted):
    result = fitted.predict(pictures(1)[0])
    against = result.defect_types.logits[..., :-1] - result.defect_types.logits[..., -1:]
    known = [row for row in range(against.shape[2]) if against[..., row].max() > -100]
    shown = result.evidence["type"]
    rows = np.linspace(0, shown.shape[0] - 1, 8).round().astype(int)
    columns = np.linspace(0, shown.shape[1] - 1, 8).round().astype(int)
    sampled = shown[np.ix_(rows, columns)].flatten()
    fits = [np.corrcoef(sampled, against[..., row].flatten())[0, 1] for row in known]
    assert max(fits) > 0.8


def test_types_with_a_centroid_have_a_name_and_none_of_these_is_last(fitted):
    types = fitted.predict(pictures(1)[0]).defect_types
    assert types.names == (TYPES[0], TYPES[1], TYPES[4], "")
    assert types.grid == (8, 8)
    told = types.ranked(np.ones((8, 8), np.float32))
    assert sum(chance for _, chance in told) == pytest.approx(1, abs=1e-6)
    assert {name for name, _ in told} == set(types.names)


def test_residual_is_what_hsp_and_types_changed(fitted):
    result = fitted.predict(pictures(1)[0])
    np.testing.assert_allclose(result.base_map + result.residual_map, result.fused_map, atol=1e-6)
    assert result.nearest_normal is None


def test_its_map_makes_expert_tokens(fitted):
    """The reasoner averages its own image tokens with the map as weight."""
    fused = torch.from_numpy(fitted.predict(pictures(1)[0]).fused_map)
    image_tokens = torch.randn(24, 16, generator=torch.Generator().manual_seed(0))
    tokens = create("significance", 16).tokens(image_tokens, (4, 6), fused)
    plain = create("significance", 16).tokens(image_tokens, (4, 6), torch.ones_like(fused))
    assert tokens.shape == (TOKENS, 16)
    assert torch.isfinite(tokens).all()
    assert not torch.allclose(tokens, plain, atol=1e-4)


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
    other, one = full.fit(SupportSet("brain scan")).predict(image), fitted.predict(image)
    assert not np.allclose(other.base_map, one.base_map, atol=1e-4)


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
    assert max(after.normal_scores) < after.image_threshold < 1
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
    assert full.name == "adseeker"
    assert full.size == 112


def test_the_type_map_says_which_type_it_is_about(full, fitted):
    types = fitted.predict(pictures(1)[0]).defect_types
    assert types.chosen in full.network.teller.present
    assert types.hears_outlines
    assert types.outlines.shape == (READINGS + 1, len(types.names) - 1)
    empty = untrained("tiny", seed=1).fit(SupportSet("plate")).predict(pictures(1)[0])
    assert empty.defect_types.chosen == ""


def test_what_tells_the_types_moves_no_map(full, fitted):
    before = fitted.predict(pictures(1)[0])
    kept = {name: one.clone() for name, one in full.network.teller.state_dict().items()}
    full.network.teller.weight.mul_(-1.0)
    after = fitted.predict(pictures(1)[0])
    full.network.teller.load_state_dict(kept)
    assert np.array_equal(before.fused_map, after.fused_map)
    assert before.score == after.score
    assert not np.array_equal(before.defect_types.logits, after.defect_types.logits)
