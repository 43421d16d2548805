"""What every method promises, whatever it does inside; a new entry in METHODS is tested as it is.

Runs on the ``tiny`` preset: the real classes at toy width.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from adapp import SupportSet, load_detector
from adapp.core.detector import Growable
from adapp.core.errors import UnsupportedRegime, UsageError
from adapp.methods.registry import METHODS

HEIGHT, WIDTH = 90, 130
DEFECT = (slice(30, 54), slice(60, 84))
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


@pytest.fixture(scope="module", params=list(METHODS))
def detector(request):
    """Return the method's training-free step, which exists on every preset."""
    return load_detector(
        request.param, preset="tiny", variant=METHODS[request.param].variants[0], seed=3
    )


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


def test_a_planted_defect_outranks_the_rest(fitted, query):
    anomaly_map = fitted.predict(query).fused_map
    outside = anomaly_map.copy()
    outside[DEFECT] = np.nan
    assert anomaly_map[DEFECT].mean() > np.nanquantile(outside, 0.95)


def test_a_damaged_part_scores_above_a_normal_one(fitted, query):
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
    for shape in ((1, 1), (7, 200), (201, 33)):
        image = np.full((*shape, 3), 90, dtype=np.uint8)
        assert fitted.predict(image).fused_map.shape == shape


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
    assert provenance.variant == detector.variant == METHODS[detector.name].variants[0]
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
    assert calibration.note
    assert max(calibration.normal_scores) <= calibration.image_threshold < 1
    result = fitted.predict(query)
    assert result.score > calibration.image_threshold
    assert result.fused_map[DEFECT].max() > calibration.pixel_threshold


def test_base_map_falls_where_the_query_joins_the_support(detector, query):
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
    assert set(info.map_meanings) == {"base", "residual", "fused"}
    assert len(set(info.variants)) == len(info.variants) > 1
    assert info.regimes <= {"zero_shot", "few_shot", "full_shot"}
    assert info.summary.endswith(".")
