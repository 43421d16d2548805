"""RAID behind the common interface: routing, evidence, growth and tuning."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from adapp.core.detector import SupportSet
from adapp.core.errors import UnsupportedRegime, UsageError
from adapp.methods.raid.build import build
from adapp.methods.raid.model import RaidFilter
from adapp.training.checkpoint import content_sha256
from tests.unit.methods.raid.planted import Counting, pictures

CELLS = 8


@pytest.fixture(scope="module")
def detector():
    return build("tiny", variant="retrieval")


def with_database(detector, **changes):
    database = replace(detector.config.database, **changes)
    return replace(detector, config=replace(detector.config, database=database))


def part(number, count, seed=0):
    return SupportSet(f"part {number}", pictures(count, seed=seed + number, part=number))


def test_one_database_routes_each_query_to_its_category(detector):
    fitted = detector.fit_many([part(number, 3) for number in range(10)])
    numbers = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 2))
    queries = [pictures(1, seed=500 + i, part=int(n))[0] for i, n in enumerate(numbers)]
    results = fitted.predict_batch(queries)
    assert [result.category for result in results] == [f"part {n}" for n in numbers]


def test_a_category_among_others_says_what_it_says_alone(detector):
    together = detector.fit_many([part(number, 3) for number in range(4)])
    query = pictures(1, seed=90, part=2)[0]
    alone = detector.fit(part(2, 3)).predict(query)
    routed = together.predict(query)
    np.testing.assert_allclose(routed.fused_map, alone.fused_map, atol=1e-5)
    assert routed.score == pytest.approx(alone.score, abs=1e-5)


def test_a_category_without_a_picture_is_refused(detector):
    with pytest.raises(UnsupportedRegime, match="add 1 to 16 pictures"):
        detector.fit_many([part(0, 2), SupportSet("empty")])
    with pytest.raises(UnsupportedRegime, match="add 1 to 16 pictures"):
        detector.fit_many([])


def cell_centres():
    row, column = np.meshgrid(np.arange(CELLS), np.arange(CELLS), indexing="ij")
    return (row + 0.5) / CELLS, (column + 0.5) / CELLS


@pytest.mark.parametrize("position", [0, 2])
def test_evidence_points_at_the_picture_and_cell_a_query_was_copied_from(detector, position):
    support = pictures(3, noise=20)
    nearest = detector.fit(SupportSet("part", support)).predict(support[position]).nearest_normal
    rows, columns = cell_centres()
    assert nearest.support_index.tolist() == [[position] * CELLS] * CELLS
    np.testing.assert_allclose(nearest.row, rows, atol=1e-6)
    np.testing.assert_allclose(nearest.column, columns, atol=1e-6)
    assert float(nearest.cost.max()) < 1e-4
    assert nearest.patch_fraction == (1 / CELLS, 1 / CELLS)
    assert nearest.normal_cost > 0


def test_evidence_of_a_turned_query_points_into_the_upright_picture(detector):
    support = pictures(2, noise=20)
    fitted = with_database(detector, rotations="always").fit(SupportSet("part", support))
    nearest = fitted.predict(np.ascontiguousarray(np.rot90(support[1]))).nearest_normal
    rows, columns = cell_centres()
    assert nearest.support_index.tolist() == [[1] * CELLS] * CELLS
    np.testing.assert_allclose(nearest.row, np.rot90(rows), atol=1e-6)
    np.testing.assert_allclose(nearest.column, np.rot90(columns), atol=1e-6)
    assert float(nearest.cost.max()) < 1e-3


def test_maps_and_evidence_lie_where_the_defect_is_in_a_long_picture(detector):
    wide = [np.ascontiguousarray(np.repeat(p, 3, axis=1)) for p in pictures(4)]  # 112 x 336
    query = wide[3].copy()
    query[56:84, 84:168] = (250, 20, 20)  # rows 4 and 5, columns 2 and 3 of the 8 x 8 grid
    result = detector.fit(SupportSet("part", wide[:3])).predict(query)
    row, column = np.unravel_index(int(result.fused_map.argmax()), result.fused_map.shape)
    assert 56 <= row < 84
    assert 84 <= column < 168
    worst = np.unravel_index(int(result.nearest_normal.cost.argmax()), (CELLS, CELLS))
    assert worst[0] in {4, 5}
    assert worst[1] in {2, 3}


def test_hierarchical_retrieval_gives_nearly_the_maps_of_the_exact_one(detector):
    support = SupportSet("part", pictures(12, noise=20))
    query = pictures(1, seed=50, noise=20)[0]
    query[30:60, 30:60] = (250, 20, 20)
    exact = detector.fit(support)
    quick = with_database(detector, exact_below=0, probes=3).fit(support)
    assert exact.database.categories[0].index is None
    assert quick.database.categories[0].index is not None
    maps = [fitted.predict(query).base_map for fitted in (exact, quick)]
    assert float(np.abs(maps[0] - maps[1]).mean()) < 0.01
    whole = with_database(detector, exact_below=0, probes=50).fit(support).predict(query)
    np.testing.assert_allclose(whole.base_map, maps[0], atol=1e-4)


# --- one more normal picture -----------------------------------------------------------------


def test_growth_encodes_the_new_picture_only(detector):
    counting = Counting(detector.backbone)
    fitted = replace(detector, backbone=counting).fit(part(0, 5))
    before = counting.encoded
    grown = fitted.with_normal(pictures(1, seed=77)[0])
    assert counting.encoded == before + 1
    grown.calibration()
    assert counting.encoded == before + 1


def test_growth_of_turned_supports_encodes_the_new_picture_and_its_copies(detector):
    counting = Counting(detector.backbone)
    turning = with_database(replace(detector, backbone=counting), rotations="always")
    fitted = turning.fit(part(0, 2))
    before = counting.encoded
    grown = fitted.with_normal(pictures(1, seed=77)[0])
    assert counting.encoded == before + 4
    assert grown.database.categories[0].rotated


@pytest.mark.parametrize("count", [1, 3])
def test_a_grown_detector_equals_one_fitted_at_once(detector, count):
    images = pictures(count + 1)
    fixed = with_database(detector, rotations="never")
    grown = fixed.fit(SupportSet("part", images[:count])).with_normal(images[count])
    whole = fixed.fit(SupportSet("part", images))
    query = pictures(1, seed=50)[0]
    np.testing.assert_allclose(
        grown.predict(query).fused_map, whole.predict(query).fused_map, atol=1e-4
    )
    assert grown.calibration().normal_scores == pytest.approx(
        whole.calibration().normal_scores, abs=1e-4
    )
    assert grown.calibration().note == whole.calibration().note


def test_a_picture_joins_the_category_it_looks_like(detector):
    fitted = detector.fit_many([part(number, 2) for number in range(3)])
    grown = fitted.with_normal(pictures(1, seed=77, part=1)[0])
    assert [entry.pictures for entry in grown.database.categories] == [2, 3, 2]
    assert [len(images) for images in grown.images] == [2, 3, 2]
    assert grown.database.categories[0] is fitted.database.categories[0]
    assert [entry.pictures for entry in fitted.database.categories] == [2, 2, 2]


def test_a_second_picture_turns_the_guess_into_a_threshold(detector):
    fitted = detector.fit(part(0, 1))
    assert fitted.calibration().basis == "augmented"
    assert fitted.with_normal(pictures(1, seed=77)[0]).calibration().basis == "leave_one_out"


def test_one_threshold_stands_over_all_categories(detector):
    fitted = detector.fit_many([part(0, 4), part(1, 3)])
    calibration = fitted.calibration()
    assert len(calibration.normal_scores) == calibration.n_normals == 7
    assert calibration.image_threshold > max(calibration.normal_scores)
    assert calibration.basis == "leave_one_out"
    guess = detector.fit_many([part(0, 4), part(1, 1)]).calibration()
    assert guess.basis == "augmented"


# --- tuning ----------------------------------------------------------------------------------


def test_a_variant_without_a_filter_has_nothing_to_tune(detector):
    with pytest.raises(UsageError, match="no trained part to tune; choose full"):
        detector.fit(part(0, 2)).tune()


def test_tuning_gives_another_detector_and_changes_no_weight(detector):
    network = RaidFilter(detector.config.filter, "full", detector.config.steepness).eval()
    config = replace(detector.config, tuning_epochs=1)
    trained = replace(detector, network=network.requires_grad_(requires_grad=False), config=config)
    fitted = trained.fit(part(0, 2))
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    query = pictures(1, seed=50)[0]
    query[40:70, 40:70] = (250, 20, 20)
    before = fitted.predict(query)
    steps = []
    tuned = fitted.tune(lambda stage, done, total: steps.append((stage, done, total)))
    after = tuned.predict(query)
    assert steps[-1] == ("Training", 1, 1)
    assert all(torch.equal(network.state_dict()[name], kept) for name, kept in weights.items())
    np.testing.assert_array_equal(fitted.predict(query).fused_map, before.fused_map)
    assert not np.array_equal(after.fused_map, before.fused_map)
    np.testing.assert_array_equal(after.base_map, before.base_map)
    assert after.provenance.checkpoint.endswith("tuned to these parts")
    assert after.provenance.checkpoint_sha256 == content_sha256(tuned.detector.network.state_dict())
    assert before.provenance == fitted.provenance != after.provenance
