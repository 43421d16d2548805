"""The About tab: what the methods need, what their maps mean, what is trained on what."""

from collections.abc import Callable, Iterator, Sequence

import gradio as gr

from adapp.core.errors import AdappError
from adapp.methods.registry import METHODS
from adapp.services import weights
from adapp.ui import page_view, texts

Fetch = Callable[[str, Sequence[str]], None]


def build_about_tab(fetch: Fetch = weights.fetch) -> None:
    """Build the tab inside the current ``Blocks``.

    Args:
        fetch: Brings the published weights of a preset and methods; it uses the network.
    """
    with gr.Row(elem_id="about"):
        with gr.Column(min_width=280):
            cards = "".join(page_view.method_html(info) for info in METHODS.values())
            gr.HTML(cards, apply_default_css=False)
        with gr.Column(min_width=280):
            licences = (
                f"**Checkpoint `{name}`.** {told}"
                for name, told in texts.CHECKPOINT_LICENCES.items()
            )
            gr.Markdown("\n\n".join((texts.READING, texts.PRIVACY, *licences, texts.WEIGHTS)))
            _build_download(fetch)


def _build_download(fetch: Fetch) -> None:
    """Build what brings the published weights; nothing is fetched before the button is pressed."""
    with gr.Row(equal_height=True):
        method = gr.Dropdown(
            [(info.title, name) for name, info in METHODS.items()],
            label="Published weights of",
            elem_id="weights-method",
        )
        button = gr.Button("Download", elem_id="weights-download")
    status = gr.Markdown(elem_id="weights-status")

    def download(chosen: str) -> Iterator[str]:
        if chosen not in METHODS:
            yield texts.NO_METHOD.format(method=repr(chosen), known=", ".join(METHODS))
            return
        yield texts.WEIGHTS_COMING.format(method=METHODS[chosen].title)
        try:
            fetch("paper", (chosen,))
        except AdappError as absent:
            yield f"**Not downloaded.** {absent}"
            return
        yield texts.WEIGHTS_HERE.format(method=METHODS[chosen].title)

    button.click(
        download,
        method,
        status,
        concurrency_limit=1,
        concurrency_id="weights",
        api_visibility="private",
    )
