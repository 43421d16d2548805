"""Handlers of the extras: test defects, sets and earlier runs, without a browser."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from adapp.core.errors import UsageError
from adapp.services.inspection import drain
from adapp.services.pool import DetectorPool
from adapp.ui.app_services import app_services
from adapp.ui.inspect_inputs import InputHandlers
from adapp.ui.inspect_layout import lay_out
from adapp.ui.inspect_run import RunHandlers, has_learned
from adapp.ui.intake import MOST_SUPPORT
from adapp.ui.session_run import SessionHandlers
from adapp.ui.session_view import area_svg, earlier_html, estimate_html
from adapp.ui.state import Held, drop_held
from tests.fakes import FakeLoader

KEEP = {"kind": "keep", "points": [[0.0, 0.7], [1.0, 1.0]], "radius": 0}


@pytest.fixture
def services():
    return app_services("tiny", pool=DetectorPool(FakeLoader()), cards=())


@pytest.fixture
def layout(services):
    with gr.Blocks():
        return lay_out(services)


@pytest.fixture
def handlers(layout):
    return SessionHandlers(layout)


def test_drawn_defect_becomes_a_query(handlers, layout, pictures):
    ground = handlers.on_fill_editor([(str(pictures[0][0]), None)], {})
    drawn = ground.copy()
    drawn[20:30, 20:40] = 255
    updates = handlers.on_take_editor({"composite": drawn}, [(str(pictures[1][1]), None)], {})
    items = updates[layout.inputs.query]
    assert len(items) == 2
    with Image.open(items[1][0]) as kept:
        assert np.array_equal(np.asarray(kept), drawn)
    with pytest.raises(UsageError, match="Add a normal part"):
        handlers.on_fill_editor([], {})
    with pytest.raises(UsageError, match="draw on the picture"):
        handlers.on_take_editor(None, [], {})


def test_area_changes_the_verdict_and_clearing_brings_it_back(handlers, layout, run):
    held = Held("run-1", drain(run()))
    before = held.seen().outcomes[0].result.score
    updates = handlers.on_area(SimpleNamespace(shape=KEEP), held, 0, "fused", "inferno")
    assert "NORMAL" in updates[layout.results.verdict]
    assert "ignored" in updates[layout.session.area_note]
    assert held.inspection.outcomes[0].result.score == before
    updates = handlers.on_clear_area(held, 0, "fused", "inferno")
    assert "ANOMALOUS" in updates[layout.results.verdict]
    assert held.seen() is held.inspection


def test_strokes_add_up_whatever_the_page_has_been_told(handlers, run):
    held = Held("run-1", drain(run()))
    strokes = [{**KEEP, "kind": "ignore", "radius": 0.02} for _ in range(20)]
    with ThreadPoolExecutor(8) as pool:
        draw = [
            pool.submit(handlers.on_area, SimpleNamespace(shape=one), held, 0, "fused", "inferno")
            for one in strokes
        ]
    assert all(one.result() for one in draw)
    assert len(held.shapes) == 20


def test_earlier_runs_are_kept_in_order_and_bounded(handlers, layout, run):
    found = drain(run())
    history = []
    for number in range(12):
        held = Held(f"run-{number}", found)
        history = handlers.on_finished(history, held)[layout.session.history]
    assert [one.key for one in history] == [f"run-{number}" for number in range(11, 3, -1)]
    again = handlers.on_finished(history, history[3])[layout.session.history]
    assert len(again) == 8
    assert again[0].key == "run-8"
    shown = handlers.on_earlier(SimpleNamespace(key="run-5"), history, "fused", "inferno")
    assert shown[layout.results.held].key == "run-5"


def test_dropped_run_says_so_and_cannot_be_shown(handlers, run):
    history = [Held("run-1", drain(run())), Held("run-2", drain(run()))]
    drop_held(history[1])
    assert "disabled" in earlier_html(history, history[0])
    with pytest.raises(UsageError, match="no longer held"):
        handlers.on_earlier(SimpleNamespace(key="run-2"), history, "fused", "inferno")


def test_false_alarm_joins_the_normals_once(services, layout, run, pictures):
    entry = InputHandlers(services, layout)
    held = Held("run-1", drain(run()))
    normals = [(str(path), None) for path in pictures[0]]
    grown = entry.on_good(held, 1, normals, {}, "raid")[layout.inputs.support]
    assert [path for path, _ in grown][-1] == str(pictures[1][1])
    with pytest.raises(UsageError, match="among the normal ones already"):
        entry.on_good(held, 1, grown, {}, "raid")
    with pytest.raises(UsageError, match="up to 16"):
        entry.on_good(held, 1, normals[:1] * MOST_SUPPORT, {}, "raid")


def test_area_is_drawn_without_anything_a_user_wrote():
    assert area_svg((), 10, 20) == ""


def test_time_of_a_run_is_told_once_the_method_has_run(services, layout, run, pictures):
    handlers = RunHandlers(services, layout)
    form = [[(str(path), None) for path in pictures[0]], {}]
    form += [[(str(path), None) for path in pictures[1]], {}]
    form += ["raid", "plate", "tiny", "open", False]

    def told():
        return handlers.on_form(None, *form)[layout.actions.estimate]

    assert "has not run here yet" in told()
    services.paces.note(drain(run()))
    assert "for 2 pictures, by what this machine took last" in told()
    form[-1] = True
    assert "tuning on top" in told()
    form[2] = []
    assert told() == ""


def test_normals_are_learned_once(run):
    found = drain(run())
    assert has_learned(found, replace(found.request, query=(), tune=True))
    assert not has_learned(found, replace(found.request, support=found.request.support[:2]))
    assert not has_learned(found, replace(found.request, tiles=2))
    assert not has_learned(None, found.request)


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "About 1 s"), (600, "About 10 min")])
def test_estimate_is_in_words(run, seconds, words):
    assert words in estimate_html(seconds, drain(run()).request)
