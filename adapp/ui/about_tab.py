"""The About tab: what the methods need, what their maps mean, what is trained on what."""

import gradio as gr

from adapp.methods.registry import METHODS
from adapp.ui import page_view, texts


def build_about_tab() -> None:
    """Build the tab inside the current ``Blocks``."""
    with gr.Row(elem_id="about"):
        with gr.Column(min_width=280):
            for info in METHODS.values():
                gr.HTML(page_view.method_html(info), apply_default_css=False)
        with gr.Column(min_width=280):
            gr.Markdown(texts.READING)
            gr.Markdown(texts.PRIVACY)
            for name, told in texts.CHECKPOINT_LICENCES.items():
                gr.Markdown(f"**Checkpoint `{name}`.** {told}")
