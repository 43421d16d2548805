"""Looking at a result of a method with reasons: no look asks the model."""

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from adapp.methods.registry import METHODS
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from adapp.services.region_types import NORMAL
from adapp.services.regions import Thresholds
from adapp.ui.app_services import app_services
from adapp.ui.inspect_draw import on_slider
from adapp.ui.inspect_layout import lay_out
from adapp.ui.inspect_look import LookHandlers, look_of
from adapp.ui.state import Held
from tests.fakes import FAKE_METHODS, FakeLoader

SPOT = {"row": 27, "column": 41}


@pytest.fixture
def loader(monkeypatch):
    for name, info in FAKE_METHODS.items():
        monkeypatch.setitem(METHODS, name, info)
    return FakeLoader()


@pytest.fixture
def page(loader):
    """Return the tab's components and the handlers of looking."""
    with gr.Blocks():
        layout = lay_out(app_services("tiny", pool=DetectorPool(loader), cards=()))
    return layout, LookHandlers(layout)


@pytest.fixture
def held_of(pictures, loader):
    """Return a function that inspects with a method and holds the result."""
    normals, queries = pictures
    pool = DetectorPool(loader)

    def make(method):
        request = InspectionRequest(method, "tiny", "open", "plate", tuple(normals), tuple(queries))
        return Held("run-1", drain(inspect(request, pool)))

    return make


def controls(held, **changes):
    """Return the controls as they stand after a run."""
    own = Thresholds.of(held.inspection.calibration)
    weight = held.inspection.outcomes[0].result.residual_weight
    shown = {
        "kind": "fused",
        "colors": "inferno",
        "image": on_slider(own.image),
        "pixel": on_slider(own.pixel),
        "weight": on_slider(weight),
        **changes,
    }
    return list(shown.values())


def sent(update):
    """Return what an update of a component sends to the page."""
    return update.constructor_args


def event(**data):
    return gr.EventData(None, data)


def test_weight_redraws_everything_but_the_score_without_the_model(page, held_of, loader):
    layout, look = page
    held = held_of("h2vlr")
    asked = len(loader.detectors[0].predictions)
    before = look.on_threshold(held, 0, *controls(held))
    after = look.on_weight(held, 0, *controls(held, weight=2.0))
    results = layout.results
    assert after[results.verdict].count("0.088") == before[results.verdict].count("0.088")
    assert "use 2.00" in after[results.weight_note]
    assert "is the method's own" in before[results.weight_note]
    drawn = sent(after[results.viewer])
    assert {"paint", "mask", "frames"} <= set(drawn)
    assert drawn["mask"] != sent(before[results.viewer])["mask"]
    assert len(loader.detectors[0].predictions) == asked


def test_weight_moves_only_the_mask_while_another_map_is_shown(page, held_of):
    layout, look = page
    held = held_of("h2vlr")
    after = look.on_weight(held, 0, *controls(held, kind="text", weight=2.0))
    assert "paint" not in sent(after[layout.results.viewer])
    assert "mask" in sent(after[layout.results.viewer])


def test_method_with_a_fixed_weight_ignores_the_slider(held_of):
    held = held_of("raid")
    assert look_of(held.inspection, 0, controls(held, weight=0.3)).weight is None


def test_slider_at_the_methods_own_weight_means_that_weight(held_of):
    held = held_of("h2vlr")
    assert look_of(held.inspection, 0, controls(held)).weight is None
    assert look_of(held.inspection, 0, controls(held, weight=0.41)).weight == 0.41


def test_map_that_a_result_lacks_becomes_the_fused_one(held_of):
    held = held_of("raid")
    assert look_of(held.inspection, 0, controls(held, kind="stage 3")).kind == "fused"
    assert look_of(held.inspection, 0, controls(held, kind="difference")).kind == "difference"


def test_click_tells_the_hyperedges_and_escape_takes_them_away(page, held_of):
    layout, look = page
    held = held_of("h2vlr")
    told = look.on_read(event(**SPOT), held, 0, *controls(held))
    assert held.spot == (27, 41)
    assert "x 41, y 27" in told[layout.results.reading]
    assert "part with a scratch" in told[layout.results.patch]
    cleared = look.on_clear(held, 0, *controls(held))
    assert held.spot is None
    assert cleared[layout.results.patch] == ""
    assert "Click a pixel" in cleared[layout.results.reading]


def test_reading_follows_the_weight(page, held_of):
    layout, look = page
    held = held_of("h2vlr")
    look.on_read(event(**SPOT), held, 0, *controls(held))
    told = look.on_weight(held, 0, *controls(held, weight=1.5))
    assert "1.50 x residual" in told[layout.results.reading]


def test_method_without_a_hypergraph_has_a_reading_alone(page, held_of):
    layout, look = page
    held = held_of("kanoclip")
    told = look.on_read(event(row=-5, column=999), held, 0, *controls(held))
    assert held.spot == (0, 95)
    assert "stage 3" in told[layout.results.reading]
    assert told[layout.results.patch] == ""


def test_reset_brings_back_thresholds_and_weight(page, held_of):
    layout, look = page
    held = held_of("h2vlr")
    moved = controls(held, weight=1.5, image=0.9)
    look.on_weight(held, 0, *moved)
    back = look.on_reset(held, 0, *moved)
    assert sent(back[layout.controls.weight])["value"] == 0.4
    assert "is the method's own" in back[layout.results.weight_note]
    assert "as calibrated" in back[layout.results.threshold_note]


def test_another_query_takes_the_mark_away(page, held_of):
    layout, look = page
    held = held_of("h2vlr")
    look.on_read(event(**SPOT), held, 0, *controls(held))
    shown = look.on_choose(event(key="1"), held, *controls(held))
    assert shown[layout.results.chosen] == 1
    assert shown[layout.results.patch] == ""
    assert held.spot is None


def test_overlay_is_exported_as_fused_on_the_page(page, held_of, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    look = page[1]
    held = held_of("h2vlr")
    own = look.on_export("overlay", held, 0, *controls(held))
    moved = look.on_export("overlay", held, 0, *controls(held, weight=2.0))
    assert own.endswith("scratched_overlay.png")
    assert moved.endswith("scratched_overlay_eta2.00.png")
    pictures = [np.asarray(Image.open(path)) for path in (own, moved)]
    assert not np.array_equal(*pictures)


def test_types_stand_beside_regions_on_the_picture_and_in_the_list(page, held_of):
    layout, look = page
    held = held_of("adseeker")
    shown = look.on_threshold(held, 0, *controls(held))
    assert "looks most like <b>scratch</b>" in shown[layout.results.regions]
    assert "first for 41 %" in shown[layout.results.regions]
    assert "<em>1 scratch</em>" in sent(shown[layout.results.viewer])["frames"]
    held = held_of("raid")
    shown = look.on_threshold(held, 0, *controls(held))
    assert "looks most like" not in shown[layout.results.regions]
    assert "<em>1</em>" in sent(shown[layout.results.viewer])["frames"]


def test_a_normal_verdict_keeps_the_regions_and_names_no_type(page, held_of):
    layout, look = page
    held = held_of("adseeker")
    shown = look.on_threshold(held, 0, *controls(held, image=1.0))
    told = shown[layout.results.regions]
    assert "<li>" in told
    assert "scratch" not in told
    assert "first for 41 %" not in told
    assert NORMAL in told
    assert "<em>1</em>" in sent(shown[layout.results.viewer])["frames"]
    held = held_of("raid")
    plain = look.on_threshold(held, 0, *controls(held, image=1.0))
    assert NORMAL not in plain[layout.results.regions]


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("sparse code", "Attention to the living atoms."),
        ("type", "Where the chosen type beats none of these. Looks most like: scratch."),
    ],
)
def test_maps_of_code_and_chosen_type_are_shown_with_their_meaning(page, held_of, kind, meaning):
    layout, look = page
    held = held_of("adseeker")
    told = look.on_map(held, 0, *controls(held, kind=kind))
    assert meaning in told[layout.results.meaning]
    assert f"{kind} map of" in sent(told[layout.results.viewer])["paint"]
