"""Every method as it is shipped leaves the good part of an example alone."""

import pytest

from adapp.core.settings import Settings
from adapp.methods.registry import METHODS
from adapp.rendering.overlay import colorize
from adapp.services.examples import rendered_examples
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from adapp.services.regions import verdict

SHEET = "sheet-metal"
DARK = 100
"""Mean brightest channel of the map in colours, 0 to 255."""


@pytest.mark.parametrize("method", METHODS)
def test_good_part_stays_below_the_threshold_and_dark(method):
    every = {one.key: one for one in rendered_examples(Settings().assets_dir)}
    example = every[SHEET]
    asked = InspectionRequest(
        method, "embedded", "open", example.category, example.support, example.query
    )
    found = drain(inspect(asked, DetectorPool()))
    judged = {
        one.image.name: verdict(one.result.score, found.calibration).label for one in found.outcomes
    }
    assert judged == {
        "query_scratch.png": "anomalous",
        "query_dent.png": "anomalous",
        "query_good.png": "normal",
    }
    good = next(one for one in found.outcomes if one.image.name == "query_good.png")
    assert colorize(good.result.fused_map).max(axis=2).mean() < DARK
