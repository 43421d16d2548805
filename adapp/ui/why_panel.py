"""The Why panel under a result: its components, and which event is answered by which handler."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from adapp.reasoning.question import QUICK_QUESTIONS
from adapp.ui import why_view
from adapp.ui.app_services import AppServices
from adapp.ui.errors import told
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.state import SESSION_SECONDS
from adapp.ui.viewer import script
from adapp.ui.why_handlers import PAGE_FILES, WhyHandlers
from adapp.ui.why_state import Talk

_MODEL: dict[str, Any] = {"concurrency_id": "gpu", "concurrency_limit": 1}
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", **_PRIVATE}


@dataclass(frozen=True, slots=True)
class WhyLayout:
    """The panel's components."""

    talk: gr.State
    chat: gr.HTML
    message: gr.HTML
    pages: gr.HTML
    page: gr.HTML
    own: gr.HTML
    quick: tuple[gr.Button, ...]
    question: gr.Textbox
    send: gr.Button
    stop: gr.Button
    upload: gr.UploadButton

    def asked(self) -> list[gr.blocks.Block]:
        """Return what an answer may change."""
        return [self.talk, self.chat, self.message, self.pages, self.page, self.question]

    def asking(self) -> list[gr.blocks.Block]:
        """Return the buttons that ask."""
        return [*self.quick, self.send]

    def buttons(self) -> list[gr.blocks.Block]:
        """Return what is off while an answer is written, and Stop, which is then on."""
        return [*self.asking(), self.stop]


def build_why_panel(services: AppServices, inspect: InspectLayout) -> WhyHandlers:
    """Build the panel inside the current ``Blocks``, with its events; return its handlers."""
    layout = _lay_out()
    handlers = WhyHandlers(services, layout)
    held, chosen = inspect.results.held, inspect.results.chosen
    starts: list[tuple[Any, gr.blocks.Block]] = [(button.click, button) for button in layout.quick]
    starts += [(layout.send.click, layout.question), (layout.question.submit, layout.question)]
    running = [
        start(told(handlers.on_busy), None, layout.buttons(), **_AT_ONCE).then(
            told(handlers.on_ask),
            [layout.talk, held, chosen, words],
            [*layout.asked(), *layout.buttons()],
            show_progress="hidden",
            **_MODEL,
            **_PRIVATE,
        )
        for start, words in starts
    ]
    layout.stop.click(
        told(handlers.on_stop),
        [layout.talk, held, chosen],
        [*layout.asked(), *layout.buttons()],
        cancels=running,
        **_AT_ONCE,
    )
    for shown in (layout.chat, layout.pages, layout.own):
        shown.open(
            told(handlers.on_open),
            [layout.talk, held, chosen],
            [layout.page, layout.pages],
            show_progress="hidden",
            **_PRIVATE,
        )
    layout.page.clear(
        told(handlers.on_close),
        [layout.talk, held, chosen],
        [layout.page, layout.pages],
        **_AT_ONCE,
    )
    layout.upload.upload(
        told(handlers.on_upload),
        [layout.talk, layout.upload],
        [layout.talk, layout.own, layout.message],
        show_progress_on=layout.own,
        **_MODEL,
        **_PRIVATE,
    )
    layout.own.remove(
        told(handlers.on_remove), layout.talk, [layout.talk, layout.own, layout.page], **_AT_ONCE
    )
    inspect.results.verdict.change(
        told(handlers.on_part),
        [layout.talk, held, chosen],
        [layout.chat, layout.message, layout.pages, layout.page],
        **_AT_ONCE,
    )
    return handlers


def _lay_out() -> WhyLayout:
    with gr.Column(elem_id="why"):
        gr.HTML(
            "<h3>Why? <small>questions about the part shown above; answers cite pages</small></h3>",
            apply_default_css=False,
        )
        with gr.Row(elem_id="why-row"):
            with gr.Column(min_width=280):
                chat = _clickable("why-chat", why_view.chat_html(()))
                message = gr.HTML("", elem_id="why-message", apply_default_css=False)
                quick, question, send, stop = _entry()
            with gr.Column(min_width=240):
                pages = _clickable("why-pages")
                with gr.Accordion("Pages of your own", open=False, elem_id="why-own-box"):
                    own = _clickable("why-own", why_view.own_html(()))
                    upload = gr.UploadButton(
                        "Add pages",
                        file_count="multiple",
                        file_types=list(PAGE_FILES),
                        type="filepath",
                        size="sm",
                        elem_id="why-upload",
                    )
        page = _clickable("why-page")
    talk = gr.State(Talk(), time_to_live=SESSION_SECONDS)
    return WhyLayout(
        talk=talk,
        chat=chat,
        message=message,
        pages=pages,
        page=page,
        own=own,
        quick=quick,
        question=question,
        send=send,
        stop=stop,
        upload=upload,
    )


def _entry() -> tuple[tuple[gr.Button, ...], gr.Textbox, gr.Button, gr.Button]:
    with gr.Row(elem_id="why-quick"):
        quick = tuple(
            gr.Button(words, size="sm", min_width=90, elem_id=f"why-{topic}")
            for topic, words in QUICK_QUESTIONS["en"].items()
        )
    with gr.Row(elem_id="why-ask"):
        question = gr.Textbox(
            show_label=False,
            label="Question",
            placeholder="Ask about this part, in English, German, Chinese or Japanese",
            max_length=1000,
            max_lines=3,
            elem_id="why-question",
            scale=5,
        )
        send = gr.Button("Send", size="md", min_width=70, scale=0, elem_id="why-send")
        stop = gr.Button(
            "Stop",
            variant="stop",
            size="md",
            min_width=70,
            scale=0,
            interactive=False,
            elem_id="why-stop",
        )
    return quick, question, send, stop


def _clickable(name: str, text: str = "") -> gr.HTML:
    return gr.HTML(text, js_on_load=script("why.js"), elem_id=name, apply_default_css=False)
