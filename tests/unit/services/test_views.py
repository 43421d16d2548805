"""Pictures of an outcome: every view, at every size, without a model call."""

import numpy as np
import pytest

from adapp.core.detector import SupportSet
from adapp.data.images import LoadedImage
from adapp.services.inspection import QueryOutcome
from adapp.services.regions import Thresholds, regions
from adapp.services.views import ViewOptions, evidence, map_names, map_of, matches, show
from tests.fakes import FakeDetector, part

DEFECT = (10, 20, 30, 50)
LIMITS = Thresholds(image=0.4, pixel=0.4)


def loaded(pixels, name):
    pixels.flags.writeable = False  # as the loader hands them out
    return LoadedImage(name, None, pixels, original_size=pixels.shape[:2])


@pytest.fixture
def support():
    return tuple(loaded(part(number), f"n{number}.png") for number in range(2))


@pytest.fixture
def outcome(support):
    detector = FakeDetector()
    fitted = detector.fit(SupportSet("plate", [image.pixels for image in support]))
    image = loaded(part(8, defect=DEFECT), "bad.png")
    return QueryOutcome(image, fitted.predict(image.pixels), 0.1)


def test_each_kind_has_its_map(outcome):
    assert map_of(outcome.result, "base") is outcome.result.base_map
    assert map_of(outcome.result, "residual") is outcome.result.residual_map
    assert map_of(outcome.result, "fused") is outcome.result.fused_map


def test_evidence_maps_follow_the_three_of_every_method(outcome):
    assert map_names(outcome.result) == ("fused", "base", "residual", "difference")
    assert map_of(outcome.result, "difference") is outcome.result.evidence["difference"]
    with pytest.raises(KeyError):
        map_of(outcome.result, "stage 3")


@pytest.mark.parametrize("kind", ["fused", "base", "residual", "difference"])
@pytest.mark.parametrize("view", ["overlay", "map", "mask", "contour", "picture"])
def test_every_view_has_the_querys_size(outcome, kind, view):
    shown = show(outcome, LIMITS, ViewOptions(kind=kind, view=view, selected=0))
    assert shown.shape == (60, 80, 3)
    assert shown.dtype == np.uint8


def test_picture_view_adds_nothing_unless_regions_are_numbered(outcome):
    plain = show(outcome, LIMITS, ViewOptions(view="picture", numbered=False))
    assert np.array_equal(plain, outcome.image.pixels)
    assert not np.array_equal(show(outcome, LIMITS, ViewOptions(view="picture")), plain)


def test_mask_view_has_exactly_the_pixels_of_the_regions(outcome):
    shown = show(outcome, LIMITS, ViewOptions(view="mask", numbered=False))
    assert set(np.unique(shown)) == {0, 255}
    area = sum(region.area_px for region in regions(outcome.result.fused_map, LIMITS.pixel))
    assert (shown[:, :, 0] == 255).sum() == area


def test_opacity_zero_is_the_picture_and_one_is_the_map(outcome):
    bare = show(outcome, LIMITS, ViewOptions(opacity=0.0, numbered=False))
    full = show(outcome, LIMITS, ViewOptions(opacity=1.0, numbered=False))
    assert np.array_equal(bare, outcome.image.pixels)
    assert np.array_equal(full, show(outcome, LIMITS, ViewOptions(view="map", numbered=False)))


def test_a_normal_part_stays_dark_and_its_defect_does_not(outcome):
    shown = show(outcome, LIMITS, ViewOptions(view="map", numbered=False)).mean(axis=2)
    assert shown[40:, :].max() < 40
    assert shown[12:28, 22:48].min() > 120


@pytest.mark.parametrize("view", ["overlay", "map", "mask", "contour", "picture"])
def test_views_can_be_limited_in_size(outcome, view):
    assert show(outcome, LIMITS, ViewOptions(view=view, max_side=40)).shape == (30, 40, 3)


def test_regions_are_scaled_with_the_view(outcome):
    bare = show(outcome, LIMITS, ViewOptions(view="picture", max_side=40, numbered=False))
    drawn = show(outcome, LIMITS, ViewOptions(view="picture", max_side=40))
    changed = np.argwhere((drawn != bare).any(axis=2))
    assert (changed.min(axis=0) <= [6, 11]).all()
    assert (changed.max(axis=0) >= [14, 24]).all()
    assert (changed.max(axis=0) <= [18, 28]).all()


def test_every_region_has_its_nearest_normal_patch(outcome, support):
    found = regions(outcome.result.fused_map, LIMITS.pixel)
    (pair,) = matches(outcome, found, support)
    assert pair.query_box[0] < DEFECT[2]
    assert pair.cost_ratio > 1
    shown = evidence(outcome, pair, support)
    assert shown.shape == (192, 192 * 2 + 8, 3)
    assert shown[:, :192].mean() > shown[:, 200:].mean() + 20  # the defect was painted bright


def test_zero_shot_results_have_no_match(support):
    detector = FakeDetector(regimes=frozenset({"zero_shot"}))
    image = support[0]
    outcome = QueryOutcome(image, detector.fit(SupportSet("plate")).predict(image.pixels), 0.1)
    found = regions(outcome.result.fused_map, 0.0, 1)
    assert found
    assert matches(outcome, found, ()) == (None,) * len(found)
