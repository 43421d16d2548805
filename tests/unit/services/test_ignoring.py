"""Areas that do not count: what is drawn, what is left of maps, score and verdict."""

import numpy as np
import pytest

from adapp.core.errors import UsageError
from adapp.services.ignoring import ignored, with_ignored, with_shape
from adapp.services.regions import Thresholds, regions, verdict
from tests.unit.services.inspected import inspection

LEFT = {"kind": "ignore", "points": [[0.0, 0.5], [0.5, 0.5]], "radius": 0.05}
KEEP = {"kind": "keep", "points": [[0.25, 0.2], [0.75, 0.8]]}


def drawn(*told):
    shapes = ()
    for one in told:
        shapes = with_shape(shapes, one)
    return shapes


def test_stroke_covers_its_width_and_nothing_else():
    area = ignored(drawn(LEFT), 100, 200)
    assert area[50, 20]
    assert area[55, 50]
    assert not area[50, 150]
    assert not area[80, 20]
    assert 0.03 < area.mean() < 0.12


def test_outside_of_the_region_of_interest_nothing_counts():
    area = ignored(drawn(KEEP), 100, 200)
    assert not area[50, 100]
    assert area[5, 5]
    assert area[95, 195]
    assert area.mean() == pytest.approx(1 - 0.5 * 0.6, abs=0.02)


def test_stroke_inside_the_region_of_interest_still_does_not_count():
    area = ignored(drawn(KEEP, LEFT), 100, 200)
    assert area[50, 60]
    assert not area[30, 100]


@pytest.mark.parametrize(
    "told",
    [
        ["text"],
        [None],
        [[LEFT]],
        [{"kind": "other", "points": [[0, 0]]}],
        [{"kind": "ignore", "points": []}],
        [{"kind": "keep", "points": [[0, 0]]}],
        [{"points": [[0, 0]]}],
        [LEFT] * 61,
    ],
)
def test_what_no_page_draws_is_refused(told):
    with pytest.raises(UsageError, match="Clear it"):
        drawn(*told)


def test_points_outside_of_the_picture_are_moved_to_its_edge():
    (shape,) = drawn({"kind": "ignore", "points": [[-3, 2]], "radius": 9})
    assert shape.points == ((0.0, 1.0),)
    assert shape.radius <= 0.25


def test_ignored_defect_no_longer_counts():
    found = inspection()
    outcome = found.outcomes[0]
    limit = found.calibration.pixel_threshold
    height, width = outcome.result.fused_map.shape
    row0, column0, row1, column1 = regions(outcome.result.fused_map, limit)[0].box
    middle = (row0 + row1) / 2 / height
    over = {
        "kind": "ignore",
        "points": [[column0 / width, middle], [column1 / width, middle]],
        "radius": (row1 - row0) / width,
    }
    left = with_ignored(found, drawn(over))
    result = left.outcomes[0].result
    assert regions(result.fused_map, limit) == ()
    assert result.score < outcome.result.score
    limits = Thresholds.of(left.calibration)
    assert verdict(result.score, left.calibration).label == "normal"
    assert limits.image == limits.pixel
    assert "ignored" in left.notes[0]
    assert found.outcomes[0].result is outcome.result
    fused = np.clip(result.base_map + result.residual_weight * result.residual_map, 0, 1)
    assert np.allclose(fused, result.fused_map)


def test_without_shapes_nothing_changes():
    found = inspection()
    assert with_ignored(found, ()) is found
