"""What every method promises, whatever it does inside; a new entry in METHODS is tested as it is.

Runs on the ``tiny`` preset: the real classes at toy width, every step of a ladder with weights
that learned nothing.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from adapp import SupportSet, load_detector
from adapp.core.detector import Growable
from adapp.core.errors import UnsupportedRegime, UsageError
from adapp.core.results import PixelReading
from adapp.methods.registry import METHODS
from tests.contract.untrained import write_untrained

HEIGHT, WIDTH = 90, 130
DEFECT = (slice(30, 54), slice(60, 84))
STEPS = [(name, variant) for name, info in METHODS.items() for variant in info.variants]
BFLOAT16_MAP_DIFFERENCE = 0.1
"""Bound on what bfloat16 in the encoder changes in a map, in [0, 1]; a tenth of it on average."""
BASE_ONLY = {("h2vlr", "dsi"), ("kanoclip", "knpl"), ("kanoclip", "vv")}
"""Later steps that change the base map itself and correct nothing after it."""
WITHOUT_SUPPORT = [name for name, info in METHODS.items() if info.regimes == {"zero_shot"}]
"""Methods that know damage by training alone, and nothing was trained here."""
NEEDS_SUPPORT = [name for name, info in METHODS.items() if "zero_shot" not in info.regimes]


def _pictures(count, seed=0, tint=(1.0, 1.0, 1.0)):
    """Return textured pictures of one kind of part, [HEIGHT, WIDTH, 3]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    pattern = 120 + 40 * np.sin(rows / 9.0) * np.cos(columns / 13.0)
    noisy = [pattern + rng.normal(0, 4, pattern.shape) for _ in range(count)]
    return [np.clip(p[..., None] * np.array(tint), 0, 255).astype(np.uint8) for p in noisy]


def _damaged(image):
    spoiled = image.copy()
    spoiled[DEFECT] = (250, 20, 20)
    return spoiled


def _loaded(method, variant, folder):
    """Return ``variant`` of ``method``; a trained step gets weights that learned nothing."""
    trained = variant != METHODS[method].variants[0]
    checkpoint = str(write_untrained(method, variant, folder)) if trained else "open"
    return load_detector(method, preset="tiny", checkpoint=checkpoint, variant=variant, seed=3)


@pytest.fixture(scope="module", params=STEPS, ids="-".join)
def detector(request, tmp_path_factory):
    return _loaded(*request.param, tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="module")
def fitted(detector):
    return detector.fit(SupportSet("part", _pictures(3)))


@pytest.fixture(scope="module")
def query():
    return _damaged(_pictures(1, seed=9)[0])


def test_maps_have_the_querys_size_and_stay_in_range(fitted, query):
    result = fitted.predict(query)
    for values, low, high in (
        (result.base_map, 0, 1),
        (result.residual_map, -1, 1),
        (result.fused_map, 0, 1),
    ):
        assert values.shape == (HEIGHT, WIDTH)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        assert low <= values.min() <= values.max() <= high
    low, high = result.score_range
    assert low <= result.score <= high


def _skip_what_nothing_taught(detector):
    if detector.name in WITHOUT_SUPPORT:
        pytest.skip("without normal pictures or training nothing says what a defect looks like")


def test_a_planted_defect_outranks_the_rest(detector, fitted, query):
    _skip_what_nothing_taught(detector)
    anomaly_map = fitted.predict(query).fused_map
    outside = anomaly_map.copy()
    outside[DEFECT] = np.nan
    assert anomaly_map[DEFECT].mean() > np.nanquantile(outside, 0.95)


def test_a_damaged_part_scores_above_a_normal_one(detector, fitted, query):
    _skip_what_nothing_taught(detector)
    assert fitted.predict(query).score > fitted.predict(_pictures(1, seed=9)[0]).score


def test_same_picture_gives_the_same_result_again_and_in_a_batch(fitted, query):
    normal = _pictures(1, seed=5)[0]
    alone = [fitted.predict(image) for image in (query, normal)]
    again = fitted.predict(query)
    together = fitted.predict_batch([query, normal])
    np.testing.assert_array_equal(alone[0].fused_map, again.fused_map)
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.fused_map, other.fused_map, atol=1e-4)
        assert one.score == pytest.approx(other.score, abs=1e-4)


def test_any_shape_of_picture_is_taken(fitted):
    for shape in ((1, 1), (7, 201), (203, 33)):
        image = np.full((*shape, 3), 90, dtype=np.uint8)
        result = fitted.predict(image)
        for values in (result.base_map, result.residual_map, result.fused_map):
            assert values.shape == shape
            assert np.isfinite(values).all()


def test_maps_add_up_at_every_pixel(fitted, query):
    result = fitted.predict(query)
    total = result.base_map + result.residual_weight * result.residual_map
    np.testing.assert_allclose(result.fused_map, np.clip(total, 0, 1), atol=1e-6)
    row, column = np.unravel_index(int(result.fused_map.argmax()), (HEIGHT, WIDTH))
    assert result.at(int(row), int(column)) == PixelReading(
        base=float(result.base_map[row, column]),
        residual=float(result.residual_map[row, column]),
        weight=result.residual_weight,
        fused=float(result.fused_map[row, column]),
    )


def test_the_first_step_of_a_ladder_corrects_nothing_and_the_others_do(detector, fitted, query):
    residual = np.abs(fitted.predict(query).residual_map).max()
    first = METHODS[detector.name].variants[0]
    if detector.variant == first or (detector.name, detector.variant) in BASE_ONLY:
        assert residual == 0
    else:
        assert residual > 1e-3


def test_loaded_and_fitted_again_it_says_the_same(detector, fitted, query, tmp_path):
    again = _loaded(detector.name, detector.variant, tmp_path).fit(SupportSet("part", _pictures(3)))
    one, other = fitted.predict(query), again.predict(query)
    np.testing.assert_array_equal(one.fused_map, other.fused_map)
    assert one.score == other.score
    assert fitted.calibration() == again.calibration()


def test_bfloat16_moves_no_map_by_more_than_stated(detector, query, tmp_path, monkeypatch):
    results = {}
    for dtype in ("float32", "bfloat16"):
        monkeypatch.setenv("ADAPP_DTYPE", dtype)
        loaded = _loaded(detector.name, detector.variant, tmp_path)
        results[dtype] = loaded.fit(SupportSet("part", _pictures(3))).predict(query)
        assert results[dtype].provenance.dtype == dtype
    exact, reduced = results["float32"], results["bfloat16"]
    difference = np.abs(exact.fused_map - reduced.fused_map)
    assert 0 < difference.max() < BFLOAT16_MAP_DIFFERENCE
    assert difference.mean() < BFLOAT16_MAP_DIFFERENCE / 10
    assert abs(exact.score - reduced.score) < BFLOAT16_MAP_DIFFERENCE


def test_two_fitted_detectors_do_not_disturb_each_other(detector, query):
    support = SupportSet("part", _pictures(3))
    first = detector.fit(support)
    before = first.predict(query)
    detector.fit(SupportSet("other", _pictures(2, seed=1, tint=(0.4, 0.9, 0.2)))).predict(query)
    after = first.predict(query)
    np.testing.assert_array_equal(before.fused_map, after.fused_map)
    assert before.score == after.score


def test_threads_share_a_fitted_detector(fitted, query):
    expected = fitted.predict(query).fused_map
    with ThreadPoolExecutor(4) as executor:
        results = list(executor.map(lambda _: fitted.predict(query), range(8)))
    for result in results:
        np.testing.assert_allclose(result.fused_map, expected, atol=1e-5)


def test_neither_support_nor_query_is_changed(detector):
    support, query = _pictures(2), _pictures(1, seed=4)[0]
    copies = [image.copy() for image in (*support, query)]
    detector.fit(SupportSet("part", support)).predict(query)
    for image, copy in zip((*support, query), copies, strict=True):
        np.testing.assert_array_equal(image, copy)


def test_result_says_what_stands_behind_it(detector, fitted, query):
    provenance = fitted.predict(query).provenance
    assert provenance == fitted.provenance
    assert provenance.method == detector.name
    assert provenance.variant == detector.variant
    trained = detector.variant != METHODS[detector.name].variants[0]
    assert (provenance.checkpoint == "untrained") is trained
    assert (provenance.checkpoint_sha256 is not None) is trained
    assert provenance.preset == "tiny"
    assert provenance.backbone
    assert provenance.licence
    assert provenance.seed == 3


@pytest.mark.parametrize("count", [1, 2, 4])
def test_calibration_separates_the_supports_from_the_defect(detector, query, count):
    fitted = detector.fit(SupportSet("part", _pictures(count)))
    calibration = fitted.calibration()
    assert calibration.n_normals == count
    assert calibration.basis == ("augmented" if count == 1 else "leave_one_out")
    assert calibration.note.endswith(".")
    assert ("guess" in calibration.note) is (count == 1)
    result = fitted.predict(query)
    highest = result.score_range[1]
    assert max(calibration.normal_scores) < calibration.image_threshold < highest
    _skip_what_nothing_taught(detector)
    assert result.score > calibration.image_threshold
    assert result.fused_map[DEFECT].max() > calibration.pixel_threshold


def test_base_map_falls_where_the_query_joins_the_support(detector, query):
    if detector.name in WITHOUT_SUPPORT:
        pytest.skip("its maps do not know the support")
    normals = _pictures(3)
    apart = detector.fit(SupportSet("part", normals)).predict(query)
    joined = detector.fit(SupportSet("part", [*normals, query])).predict(query)
    assert joined.base_map[DEFECT].mean() < apart.base_map[DEFECT].mean()


def test_one_more_normal_gives_a_new_detector(fitted, query):
    if not isinstance(fitted, Growable):
        pytest.skip("this method cannot take one more picture")
    before = fitted.predict(query)
    grown = fitted.with_normal(query)
    assert grown.predict(query).base_map[DEFECT].mean() < before.base_map[DEFECT].mean()
    assert grown.calibration().n_normals == fitted.calibration().n_normals + 1
    np.testing.assert_array_equal(fitted.predict(query).fused_map, before.fused_map)


def test_nearest_normal_points_into_the_support(fitted, query):
    nearest = fitted.predict(query).nearest_normal
    if nearest is None:
        pytest.skip("a method without a support has no nearest normal patch")
    assert set(np.unique(nearest.support_index)) <= {0, 1, 2}
    for place in (nearest.row, nearest.column):
        assert 0 <= place.min() <= place.max() <= 1
    assert 0 <= nearest.cost.min() <= nearest.cost.max() <= 2
    assert nearest.normal_cost > 0


def test_a_copied_picture_finds_the_picture_it_was_copied_from(detector):
    if detector.name not in NEEDS_SUPPORT:
        pytest.skip("a method without a support has no nearest normal patch")
    support = [_pictures(1, seed=seed, tint=(1, seed / 3, 1))[0] for seed in (1, 2, 3)]
    nearest = detector.fit(SupportSet("part", support)).predict(support[1]).nearest_normal
    rows, columns = nearest.cost.shape
    assert (nearest.support_index == 1).all()
    assert (nearest.row * rows).astype(int).tolist() == [[row] * columns for row in range(rows)]
    assert (nearest.column * columns).astype(int).tolist() == [list(range(columns))] * rows
    assert nearest.cost.max() < 1e-3


@pytest.mark.parametrize("method", NEEDS_SUPPORT)
def test_missing_support_is_refused_with_advice(method):
    detector = load_detector(method, preset="tiny", variant=METHODS[method].variants[0])
    with pytest.raises(UnsupportedRegime, match=r"(?i)add .*pictures"):
        detector.fit(SupportSet("part"))


@pytest.mark.parametrize("method", METHODS)
def test_default_without_a_checkpoint_is_training_free_and_says_so(method):
    detector = load_detector(method, preset="tiny")
    fitted = detector.fit(SupportSet("part", _pictures(1)))
    assert detector.variant == METHODS[method].variants[0]
    assert fitted.provenance.checkpoint is None
    assert any("checkpoint" in sentence for sentence in fitted.provenance.fallbacks)


@pytest.mark.parametrize(
    "options", [{"preset": "huge"}, {"preset": "tiny", "variant": "best"}], ids=str
)
@pytest.mark.parametrize("method", METHODS)
def test_unknown_names_are_refused_with_the_choices(method, options):
    with pytest.raises(UsageError, match="choose one of"):
        load_detector(method, **options)


def test_unknown_method_is_refused_with_the_choices():
    with pytest.raises(UsageError, match="raid"):
        load_detector("nothing", preset="tiny")


@pytest.mark.parametrize("info", METHODS.values(), ids=METHODS)
def test_every_method_introduces_itself(info):
    assert METHODS[info.name] is info
    assert {"base", "residual", "fused"} <= set(info.map_meanings)
    assert len(set(info.variants)) == len(info.variants) > 1
    assert info.regimes <= {"zero_shot", "few_shot", "full_shot"}
    assert info.summary.endswith(".")
