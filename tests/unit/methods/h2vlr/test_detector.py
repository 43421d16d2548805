"""The detector: evidence behind every number, no hidden state, tuning that can be undone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from adapp.backbones.factory import create
from adapp.core.detector import Growable, SupportSet, Tunable
from adapp.core.errors import UnsupportedRegime, UsageError
from adapp.core.results import Provenance
from adapp.methods.h2vlr.detector import H2vlrDetector
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.presets import TINY
from tests.unit.methods.h2vlr.planted_parts import awake, damaged, pictures, tiny_space

PROVENANCE = Provenance(
    method="h2vlr",
    variant="full",
    preset="tiny",
    backbone="tiny",
    checkpoint="made",
    checkpoint_sha256="0",
    trained_on=(),
    licence="none",
    seed=0,
    device="cpu",
    dtype="float32",
)
DEFECT = (slice(42, 70), slice(42, 70))


@pytest.fixture(scope="module")
def parts():
    """Return encoder, joint space and an awake network."""
    space = tiny_space()
    torch.manual_seed(0)
    network = awake(H2vlrNetwork(TINY, "full", space.width, space.token_width), 0.05)
    network.requires_grad_(requires_grad=False)
    return create("tiny", "h2vlr", dtype="float32", device="cpu"), space, network


def detector(parts, variant="full", config=TINY):
    backbone, space, network = parts
    own = None if variant == "sab" else network
    return H2vlrDetector(backbone, space, own, config, variant, PROVENANCE, seed=1)


@pytest.fixture(scope="module")
def fitted(parts):
    return detector(parts).fit(SupportSet("mpdd/metal_plate", pictures(3)))


@pytest.fixture(scope="module")
def query():
    return damaged(pictures(1, seed=9)[0])


def test_the_fused_map_is_equation_7_on_every_pixel(fitted, query):
    result = fitted.predict(query)
    assert result.residual_weight == 0.4
    expected = np.clip(result.base_map + 0.4 * result.residual_map, 0, 1)
    np.testing.assert_allclose(result.fused_map, expected, atol=1e-6)
    residual = 2 * (result.evidence["hypergraph"] - 0.5)
    np.testing.assert_allclose(result.residual_map, residual, atol=1e-6)
    halves = 0.5 * result.evidence["text"] + 0.5 * result.evidence["nearest normal"]
    np.testing.assert_allclose(result.base_map, halves, atol=1e-5)


def test_the_residual_is_alive(fitted, query):
    maps = [fitted.predict(picture) for picture in (query, *pictures(2, seed=4))]
    assert np.std([result.residual_map for result in maps]) > 0.01
    assert np.std([result.evidence["hypergraph"] for result in maps]) > 0.01


def test_eta_zero_gives_the_base_map_bit_for_bit(parts, query):
    silent = replace(TINY, residual_weight=0.0)
    result = detector(parts, config=silent).fit(SupportSet("part", pictures(2))).predict(query)
    np.testing.assert_array_equal(result.fused_map, result.base_map)
    assert np.abs(result.residual_map).max() > 0


@pytest.mark.parametrize("variant", ["sab", "dsi", "sghm", "full"])
def test_the_ladder_shows_what_it_has(parts, variant, query):
    result = detector(parts, variant).fit(SupportSet("part", pictures(2))).predict(query)
    names = {"text", "nearest normal"} | ({"hypergraph"} if variant in {"sghm", "full"} else set())
    assert set(result.evidence) == names
    assert (result.hyperedges is not None) is (variant in {"sghm", "full"})
    assert bool(np.abs(result.residual_map).max() > 1e-3) is (variant in {"sghm", "full"})


def test_hyperedges_name_neighbours_and_prompts(fitted, query):
    edges = fitted.predict(query).hyperedges
    cells = edges.grid[0] * edges.grid[1]
    assert edges.neighbours.shape == (cells, 8)
    assert not (edges.neighbours == np.arange(cells)[:, None]).any()
    assert (np.diff(edges.similarity, axis=1) <= 1e-6).all()
    assert edges.prompts == fitted.state.prompts.texts
    assert edges.abnormal.sum() == len(fitted.state.prompts.abnormal)
    assert not edges.abnormal[0]
    assert edges.claimed.shape == (len(edges.prompts), 8)
    assert float(edges.weights.mean()) == pytest.approx(1.0, abs=1e-5)
    claimed = int(edges.claimed[0, 0])
    assert 0 in edges.claims_on(claimed)


def test_the_name_of_the_part_reaches_the_prompts(parts):
    known = detector(parts).fit(SupportSet("bottle", pictures(2))).state
    other = detector(parts).fit(SupportSet("wooden spoon", pictures(2))).state
    assert "bottle" in known.prompts.texts[0]
    assert "wooden spoon" in other.prompts.texts[0]
    assert known.semantics.abnormal.shape != other.semantics.abnormal.shape


def test_induced_prompts_depend_on_the_support_and_static_ones_do_not(parts):
    supports = pictures(2), [255 - picture for picture in pictures(2)]
    for variant, alike in (("sab", True), ("full", False)):
        one, other = (
            detector(parts, variant).fit(SupportSet("bottle", s)).state.semantics.prompts
            for s in supports
        )
        assert bool(torch.allclose(one, other)) is alike


def test_a_support_picture_matches_itself(fitted):
    nearest = fitted.predict(pictures(3)[1]).nearest_normal
    assert (nearest.support_index == 1).mean() > 0.9
    assert float(nearest.cost.max()) < 0.01
    rows = (np.arange(8) + 0.5) / 8
    np.testing.assert_allclose(nearest.row[:, 0][nearest.support_index[:, 0] == 1], rows, atol=0.01)


@pytest.mark.parametrize("count", [1, 3])
def test_thresholds_lie_above_the_normals(parts, count):
    calibration = detector(parts).fit(SupportSet("part", pictures(count))).calibration()
    assert calibration.n_normals == count
    assert calibration.basis == ("augmented" if count == 1 else "leave_one_out")
    assert max(calibration.normal_scores) < calibration.image_threshold < 1


def test_nothing_is_inspected_without_normals(parts):
    with pytest.raises(UnsupportedRegime, match="add 1 to 16 pictures"):
        detector(parts).fit(SupportSet("part", []))


def test_a_further_normal_lowers_its_own_map(fitted, query):
    assert isinstance(fitted, Growable)
    grown = fitted.with_normal(query)
    before, after = (f.predict(query).evidence["nearest normal"] for f in (fitted, grown))
    assert after[DEFECT].mean() < 0.2 * before[DEFECT].mean()
    assert len(grown.images) == 4
    assert len(fitted.images) == 3


@pytest.mark.parametrize("rotations", ["always", "never"])
def test_turned_copies_match_turned_parts(parts, rotations):
    config = replace(TINY, gallery=replace(TINY.gallery, rotations=rotations))
    fitted = detector(parts, config=config).fit(SupportSet("part", pictures(2)))
    assert fitted.state.gallery.rotated is (rotations == "always")
    grown = fitted.with_normal(pictures(1, seed=5)[0])
    assert grown.state.gallery.rotated is (rotations == "always")
    turned = np.ascontiguousarray(np.rot90(pictures(2)[0]))
    nearest = fitted.predict(turned).nearest_normal
    assert (float(nearest.cost.max()) < 0.01) is (rotations == "always")


def test_tuning_gives_a_copy_and_leaves_the_original(fitted, query):
    assert isinstance(fitted, Tunable)
    before = fitted.predict(query)
    told = []
    tuned = fitted.tune(lambda *stage: told.append(stage))
    assert {stage for stage, _, _ in told} == {"Preparing views", "Training"}
    assert "tuned to these parts" in tuned.provenance.checkpoint
    assert tuned.provenance.checkpoint_sha256 != fitted.provenance.checkpoint_sha256
    changed = tuned.predict(query)
    assert np.abs(changed.residual_map - before.residual_map).max() > 1e-5
    np.testing.assert_array_equal(changed.base_map, before.base_map)  # gallery and prompts stand
    np.testing.assert_array_equal(fitted.predict(query).fused_map, before.fused_map)
    again = fitted.tune().predict(query)
    np.testing.assert_allclose(again.fused_map, changed.fused_map, atol=1e-6)


def test_tuning_one_support_and_the_mapper_alone(parts):
    lonely = detector(parts, "dsi").fit(SupportSet("part", pictures(1)))
    tuned = lonely.tune()
    moved = (tuned.state.semantics.prompts - lonely.state.semantics.prompts).abs().max()
    assert float(moved) > 1e-6


def test_the_published_joint_training_tunes_everything(parts):
    config = replace(TINY, joint=True)
    fitted = detector(parts, config=config).fit(SupportSet("part", pictures(2)))
    before = fitted.detector.network.state_dict()
    after = fitted.tune().detector.network.state_dict()
    assert not torch.equal(before["mapper.outer.bias"], after["mapper.outer.bias"])
    parts_moved = {n.split(".")[0] for n in before if not torch.equal(before[n], after[n])}
    assert parts_moved == {"mapper", "reasoner", "score"}


@pytest.mark.parametrize("variant", ["sab", "sghm"])
def test_a_step_without_weights_of_its_own_cannot_be_tuned(parts, variant):
    with pytest.raises(UsageError, match="choose full"):
        detector(parts, variant).fit(SupportSet("part", pictures(2))).tune()
