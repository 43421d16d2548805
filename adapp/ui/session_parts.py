"""The Inspect tab's extras: sets of normal parts, drawn areas, test defects, earlier runs."""

import gradio as gr

from adapp.ui import texts
from adapp.ui.inspect_parts import PICK
from adapp.ui.labels import label

_SHOW = "() => ({__type__: 'update', visible: true})"


def set_buttons() -> tuple[gr.Button, gr.UploadButton, gr.DownloadButton]:
    """Build the buttons that save and load normal parts."""
    with gr.Row(elem_id="set-row"):
        save = gr.Button(label("save_set"), size="sm", elem_id="save-set", min_width=70)
        load = gr.UploadButton(
            "Load set",
            size="sm",
            file_count="single",
            file_types=[".zip"],
            type="filepath",
            elem_id="load-set",
            min_width=70,
        )
        saved = gr.DownloadButton("Saved set", elem_id="saved-set", elem_classes="only-by-script")
    return save, load, saved


def defect_editor() -> tuple[gr.ImageEditor, gr.Button, gr.Button]:
    """Build the editor that turns a good picture into a defective one."""
    with gr.Accordion(label("test_defect"), open=False, elem_id="defect-box") as box:
        gr.HTML(f'<p class="message">{texts.DEFECT_HINT}</p>')
        editor = gr.ImageEditor(
            type="numpy",
            image_mode="RGB",
            format="png",
            sources=(),
            transforms=(),
            layers=False,
            brush=gr.Brush(
                default_size=8, colors=["#101010", "#f4f4f4", "#8a5a2b"], color_mode="fixed"
            ),
            label="Draw on a good part",
            height=300,
            visible=False,
            elem_id="defect-editor",
        )
        with gr.Row():
            fill = gr.Button("Start from normal 1", size="sm", elem_id="defect-fill", min_width=90)
            take = gr.Button("Use as a query", size="sm", elem_id="defect-take", min_width=90)
    # What draws is a quarter of a megabyte of scripts, which gradio fetches for closed boxes too.
    box.expand(None, None, editor, js=_SHOW)
    return editor, fill, take


def area_row() -> tuple[gr.Button, gr.HTML]:
    """Build what tells of a drawn area and clears it."""
    with gr.Row(elem_id="area-row"):
        note = gr.HTML("", elem_id="area-note", apply_default_css=False)
        clear = gr.Button("Clear area", size="sm", elem_id="area-clear", scale=0, min_width=90)
    return clear, note


def earlier_runs() -> tuple[gr.State, gr.HTML]:
    """Build the strip of earlier runs of the session."""
    return gr.State([]), gr.HTML("", js_on_load=PICK, elem_id="earlier", apply_default_css=False)
