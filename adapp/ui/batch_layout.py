"""The Batch tab's components, where they stand; no behaviour."""

import gradio as gr

from adapp.ui import batch_view, page_view, texts
from adapp.ui.batch_parts import BatchLayout, drop_batch
from adapp.ui.intake import SUFFIXES
from adapp.ui.labels import label
from adapp.ui.state import SESSION_SECONDS
from adapp.ui.viewer import script

_EXPORTS = {
    "csv": "CSV",
    "json": "JSON",
    "coco": "COCO",
    "html": "Report",
    "manifest": "Manifest",
    "zip": "Everything (ZIP)",
}


def lay_out_batch() -> BatchLayout:
    """Build the tab inside the current ``Blocks`` and return its components."""
    with gr.Row(elem_id="batch-bar"):
        files, folder, clear = _uploads()
        settings = gr.HTML(
            batch_view.settings_html(0, 0, ""), elem_id="batch-settings", apply_default_css=False
        )
        run = gr.Button(
            label("run_batch"), variant="primary", elem_id="batch-run", min_width=120, scale=0
        )
        stop = gr.Button(
            label("stop"),
            variant="stop",
            interactive=False,
            elem_id="batch-stop",
            min_width=70,
            scale=0,
        )
    progress = gr.HTML(page_view.message_html(texts.BATCH_HINT), elem_id="batch-progress")
    with gr.Column(elem_id="batch-panel"):
        with gr.Row(elem_id="batch-top"):
            histogram = gr.HTML("", elem_id="batch-histogram", apply_default_css=False)
            threshold, reset, figures = _limits()
        with gr.Row(elem_id="batch-main"):
            table = gr.HTML(
                "", js_on_load=script("batch.js"), elem_id="batch-table", apply_default_css=False
            )
            detail = gr.HTML("", elem_id="batch-detail", apply_default_css=False)
        exports, download = _exports()
    return BatchLayout(
        files=files,
        folder=folder,
        clear=clear,
        given=gr.State([]),
        settings=settings,
        run=run,
        stop=stop,
        progress=progress,
        held=gr.State(None, time_to_live=SESSION_SECONDS, delete_callback=drop_batch),
        threshold=threshold,
        reset=reset,
        histogram=histogram,
        figures=figures,
        table=table,
        detail=detail,
        exports=exports,
        download=download,
    )


def _limits() -> tuple[gr.Slider, gr.Button, gr.HTML]:
    with gr.Column(min_width=240, elem_id="batch-limits"):
        threshold = gr.Slider(
            0,
            1,
            value=0.5,
            step=0.001,
            label=label("verdict_threshold"),
            info="Every verdict, count and export follows; no picture is inspected again.",
            buttons=[],
            elem_id="batch-threshold",
        )
        reset = gr.Button(label("reset"), size="sm", elem_id="batch-reset", scale=0)
        figures = gr.HTML("", elem_id="batch-figures", apply_default_css=False)
    return threshold, reset, figures


def _uploads() -> tuple[gr.UploadButton, gr.UploadButton, gr.Button]:
    files = gr.UploadButton(
        "Add pictures",
        file_count="multiple",
        file_types=list(SUFFIXES),
        type="filepath",
        elem_id="batch-files",
        min_width=110,
        scale=0,
    )
    folder = gr.UploadButton(
        "Add a folder",
        file_count="directory",
        type="filepath",
        elem_id="batch-folder",
        min_width=110,
        scale=0,
    )
    clear = gr.Button(label("clear"), elem_id="batch-clear", min_width=60, scale=0)
    return files, folder, clear


def _exports() -> tuple[dict[str, gr.Button], gr.DownloadButton]:
    with gr.Row(elem_id="batch-exports"):
        buttons = {
            kind: gr.Button(title, size="sm", elem_id=f"batch-{kind}", min_width=60)
            for kind, title in _EXPORTS.items()
        }
        download = gr.DownloadButton(
            "Download", elem_id="batch-download", elem_classes="only-by-script"
        )
    return buttons, download
