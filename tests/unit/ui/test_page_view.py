"""Header, cards, progress and remarks."""

from pathlib import Path

from adapp.methods.registry import METHODS
from adapp.services.examples import Example
from adapp.ui import page_view
from adapp.ui.intake import Checked
from adapp.ui.warmup import Readiness

EXAMPLE = Example("key", "Title <1>", "A summary.", "plate", (Path("a"),), (Path("b"),), "Credit.")


def test_header_says_what_it_runs_on():
    ready = Readiness("ready", "CPU", "encoder, float32")
    html = page_view.header_html("embedded", "No GPU found.", "1.2.3", ready)
    for text in ("CPU", "embedded", "No GPU found.", "model ready", "offline", "v1.2.3"):
        assert text in html


def test_header_names_a_failure_with_its_reason():
    html = page_view.header_html("paper", "", "1", Readiness("failed", detail="weights <absent>"))
    assert "model not loaded" in html
    assert "weights &lt;absent&gt;" in html


def test_cards_carry_their_key_and_credit():
    html = page_view.cards_html((EXAMPLE, EXAMPLE), {"key": "data:picture"})
    assert html.count('data-key="key"') == 2
    assert "Title &lt;1&gt;" in html
    assert html.count("Credit.</span>") == 1
    assert page_view.cards_html((), {}) == ""


def test_intake_counts_refuses_and_warns():
    looked = Checked(None, {}, ("text.png: no picture",), ("deep.tif: 16-bit",), 18)
    html = page_view.intake_html(looked, 16)
    assert "18 ready, 2 too many" in html
    assert "text.png: no picture" in html
    assert "deep.tif: 16-bit" in html
    assert page_view.intake_html(Checked(None, {}, (), (), 0), 16) == ""


def test_progress_of_unknown_length_shows_no_share():
    known = page_view.progress_html("Inspecting 2 of 4", 1, 4)
    assert "width:25%" in known
    assert "1 of 4" in known
    unknown = page_view.progress_html("Tuning", 0, 0)
    assert "is-unknown" in unknown
    assert " of " not in unknown


def test_licence_tells_what_a_checkpoint_may_be_used_for():
    assert "may be used in a plant" in page_view.licence_html("open")
    assert "not for use in a plant" in page_view.licence_html("research")
    assert "your own" in page_view.licence_html("mine.safetensors")


def test_every_method_explains_its_maps():
    for info in METHODS.values():
        html = page_view.method_html(info)
        assert html.count("<dt>") == len(info.map_meanings) >= 3
        assert info.title in html
