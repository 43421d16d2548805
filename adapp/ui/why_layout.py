"""The Why panel's components, where they stand; no behaviour."""

from dataclasses import dataclass
from typing import Final

import gradio as gr

from adapp.knowledge.user_pages import PDF_SUFFIXES, PICTURE_SUFFIXES, TEXT_SUFFIXES
from adapp.reasoning.question import QUICK_QUESTIONS
from adapp.ui import why_view
from adapp.ui.state import SESSION_SECONDS
from adapp.ui.viewer import script
from adapp.ui.why_state import Talk

PAGE_FILES: Final = (*sorted(TEXT_SUFFIXES | PDF_SUFFIXES), *sorted(PICTURE_SUFFIXES))
"""Endings of files that can be pages."""


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


def lay_out() -> WhyLayout:
    """Build the panel inside the current ``Blocks`` and return its components."""
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
