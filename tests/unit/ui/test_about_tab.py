"""The About tab: published weights are fetched by the button alone, and failures are told."""

import gradio as gr
import pytest

from adapp.core.errors import ModelUnavailable
from adapp.ui.about_tab import build_about_tab


@pytest.fixture
def pressed():
    """Return a function that builds the tab and presses Download."""

    def press(fetch, method):
        with gr.Blocks() as blocks:
            build_about_tab(fetch)
        (handler,) = [one.fn for one in blocks.fns.values() if one.name == "download"]
        return list(handler(method))

    return press


def test_download_fetches_what_was_chosen_and_only_then(pressed):
    asked = []
    told = pressed(lambda preset, methods: asked.append((preset, methods)), "raid")
    assert asked == [("paper", ("raid",))]
    assert "on this machine" in told[-1]


def test_a_failed_download_is_told_in_words(pressed):
    def fetch(preset, methods):
        msg = f"no network for {preset} {methods[0]}"
        raise ModelUnavailable(msg)

    told = pressed(fetch, "raid")
    assert told[-1] == "**Not downloaded.** no network for paper raid"


def test_an_unknown_method_is_refused_before_anything_is_fetched(pressed):
    asked = []
    told = pressed(lambda *given: asked.append(given), "../evil")
    assert asked == []
    assert "does not exist" in told[-1]
