"""The Why panel's components, where they stand; no behaviour."""

from dataclasses import dataclass

import gradio as gr

from adapp.reasoning.question import QUICK_QUESTIONS
from adapp.ui import why_view
from adapp.ui.labels import label, question_key
from adapp.ui.opened_page import clickable
from adapp.ui.own_pages import OwnBox, lay_out_own
from adapp.ui.state import SESSION_SECONDS
from adapp.ui.why_state import Talk


@dataclass(frozen=True, slots=True)
class WhyLayout:
    """The panel's components."""

    talk: gr.State
    chat: gr.HTML
    message: gr.HTML
    pages: gr.HTML
    page: gr.HTML
    own: OwnBox
    quick: tuple[gr.Button, ...]
    question: gr.Textbox
    send: gr.Button
    stop: gr.Button

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
                chat = clickable("why-chat", why_view.chat_html(()))
                message = gr.HTML("", elem_id="why-message", apply_default_css=False)
                quick, question, send, stop = _entry()
            with gr.Column(min_width=240):
                pages = clickable("why-pages")
                own = lay_out_own("why")
        page = clickable("why-page")
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
    )


def _entry() -> tuple[tuple[gr.Button, ...], gr.Textbox, gr.Button, gr.Button]:
    with gr.Row(elem_id="why-quick"):
        quick = tuple(
            gr.Button(label(question_key(topic)), size="sm", min_width=90, elem_id=f"why-{topic}")
            for topic in QUICK_QUESTIONS["en"]
        )
    with gr.Row(elem_id="why-ask"):
        question = gr.Textbox(
            show_label=False,
            label="Question",
            container=False,
            placeholder=label("ask"),
            max_length=1000,
            max_lines=3,
            elem_id="why-question",
            scale=5,
        )
        send = gr.Button(label("send"), size="md", min_width=70, scale=0, elem_id="why-send")
        stop = gr.Button(
            label("stop"),
            variant="stop",
            size="md",
            min_width=70,
            scale=0,
            interactive=False,
            elem_id="why-stop",
        )
    return quick, question, send, stop
