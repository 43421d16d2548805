"""The Compare tab's components, where they stand; no behaviour."""

from typing import Any

import gradio as gr

from adapp.methods.registry import METHODS
from adapp.ui import compare_view, page_view, texts
from adapp.ui.app_services import AppServices
from adapp.ui.compare_parts import CompareLayout
from adapp.ui.inspect_parts import PICK
from adapp.ui.intake import SUFFIXES
from adapp.ui.labels import label
from adapp.ui.state import SESSION_SECONDS, drop_held
from adapp.ui.viewer import script

LIMITS = (
    ("Calibrated", "calibrated"),
    ("99.99 %", "99.99"),
    ("99.9 %", "99.9"),
    ("99 %", "99"),
    ("95 %", "95"),
)
"""Pixel limits to choose from: each method's own, or a percentile of the normal pixels."""

ROWS = (("Fused", "fused"), ("Base", "base"), ("Residual", "residual"))
_EXPORTS = {
    "png": "Figure PNG",
    "pdf": "Figure PDF",
    "tex": "Table LaTeX",
    "csv": "Table CSV",
    "json": "JSON",
}


def lay_out_compare(services: AppServices) -> CompareLayout:
    """Build the tab inside the current ``Blocks`` and return its components."""
    parts: dict[str, Any] = {
        "examples": gr.HTML(
            page_view.cards_html(services.examples, services.thumbnails),
            js_on_load=PICK,
            apply_default_css=False,
            elem_id="compare-examples",
        )
    }
    with gr.Row(elem_id="compare-bar"):
        parts |= _bar()
    parts["progress"] = gr.HTML(
        page_view.message_html(texts.COMPARE_HINT), elem_id="compare-progress"
    )
    with gr.Column(elem_id="compare-panel"):
        parts["strip"] = _plain("compare-strip", PICK)
        parts["rows"], parts["limit"], parts["opacity"] = _look()
        parts["grid"] = _plain("compare-grid", script("compare.js"))
        parts["table"] = _plain("compare-table")
        with gr.Row(elem_id="compare-foot"):
            parts["masks"] = gr.UploadButton(
                "Add true masks",
                file_count="multiple",
                type="filepath",
                file_types=list(SUFFIXES),
                size="sm",
                elem_id="compare-masks",
                min_width=110,
            )
            parts["exports"], parts["download"] = _exports()
            parts["truth_note"] = gr.HTML(
                page_view.message_html(texts.TRUTH_HINT), elem_id="compare-truth"
            )
    held = gr.State(None, time_to_live=SESSION_SECONDS, delete_callback=drop_held)
    return CompareLayout(held=held, **parts)


def _bar() -> dict[str, Any]:
    """Build what decides a comparison, and its buttons."""
    return {
        "methods": gr.CheckboxGroup(
            [(info.title, name) for name, info in METHODS.items()],
            value=list(METHODS),
            label=label("methods"),
            elem_id="compare-methods",
        ),
        "pictures": gr.HTML(
            compare_view.pictures_html(0, 0), elem_id="compare-pictures", apply_default_css=False
        ),
        "run": gr.Button(
            label("compare"), variant="primary", elem_id="compare-run", min_width=120, scale=0
        ),
        "stop": gr.Button(
            label("stop"),
            variant="stop",
            interactive=False,
            elem_id="compare-stop",
            min_width=70,
            scale=0,
        ),
    }


def _plain(name: str, behaviour: str | None = None) -> gr.HTML:
    """Return an empty part of the page called ``name``."""
    return gr.HTML("", js_on_load=behaviour, elem_id=name, apply_default_css=False)


def _look() -> tuple[gr.CheckboxGroup, gr.Radio, gr.Slider]:
    with gr.Row(elem_id="compare-look"):
        rows = gr.CheckboxGroup(
            list(ROWS),
            value=["fused"],
            label=label("rows"),
            elem_id="compare-rows",
            elem_classes="segments",
        )
        limit = gr.Radio(
            list(LIMITS),
            value="calibrated",
            label="Region limit, percentile of normal pixels",
            elem_id="compare-limit",
            elem_classes="segments",
        )
        opacity = gr.Slider(
            0,
            1,
            value=0.7,
            step=0.01,
            label=label("opacity"),
            buttons=[],
            elem_id="compare-opacity",
        )
    return rows, limit, opacity


def _exports() -> tuple[dict[str, gr.Button], gr.DownloadButton]:
    buttons = {
        kind: gr.Button(title, size="sm", elem_id=f"compare-{kind}", min_width=60)
        for kind, title in _EXPORTS.items()
    }
    download = gr.DownloadButton(
        "Download", elem_id="compare-download", elem_classes="only-by-script"
    )
    return buttons, download
