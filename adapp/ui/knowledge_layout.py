"""The Knowledge tab's components, where they stand; no behaviour."""

from dataclasses import dataclass

import gradio as gr

from adapp.ui import knowledge_view, page_view, texts
from adapp.ui.intake import SUFFIXES
from adapp.ui.labels import label
from adapp.ui.opened_page import clickable
from adapp.ui.own_pages import OwnBox, lay_out_own
from adapp.ui.state import SESSION_SECONDS


@dataclass(frozen=True, slots=True)
class KnowledgeLayout:
    """The tab's components.

    Attributes:
        picture: The picture that is searched for; None searches by words alone.
        ranking: What the last search found; None while nothing is searched for.
    """

    words: gr.Textbox
    object: gr.Dropdown
    canonical: gr.Dropdown
    by_picture: gr.UploadButton
    search: gr.Button
    clear: gr.Button
    sought: gr.HTML
    listed: gr.HTML
    own: OwnBox
    page: gr.HTML
    picture: gr.State
    ranking: gr.State

    def filters(self) -> list[gr.blocks.Block]:
        """Return what narrows the list."""
        return [self.object, self.canonical]


def lay_out_knowledge() -> KnowledgeLayout:
    """Build the tab inside the current ``Blocks`` and return its components."""
    with gr.Column(elem_id="knowledge"):
        gr.HTML(page_view.message_html(texts.KNOWLEDGE_HINT), apply_default_css=False)
        with gr.Row(elem_id="knowledge-bar"):
            words, by_object, canonical = _filters()
            by_picture = gr.UploadButton(
                label("by_picture"),  # type: ignore[arg-type]  # the browser translates it
                size="md",
                file_types=list(SUFFIXES),
                type="filepath",
                min_width=90,
                scale=0,
                elem_id="knowledge-by-picture",
            )
            search = _button("search", variant="primary")
            clear = _button("clear")
        sought = clickable("knowledge-sought")
        with gr.Row(elem_id="knowledge-main"):
            with gr.Column(min_width=240):
                own = lay_out_own("knowledge")
                listed = clickable("knowledge-list")
            page = clickable("knowledge-page", knowledge_view.choose_html())
    return KnowledgeLayout(
        words=words,
        object=by_object,
        canonical=canonical,
        by_picture=by_picture,
        search=search,
        clear=clear,
        sought=sought,
        listed=listed,
        own=own,
        page=page,
        picture=gr.State(None, time_to_live=SESSION_SECONDS),
        ranking=gr.State(None, time_to_live=SESSION_SECONDS),
    )


def _filters() -> tuple[gr.Textbox, gr.Dropdown, gr.Dropdown]:
    words = gr.Textbox(
        label=label("words"),
        placeholder=label("words_example"),
        max_lines=1,
        max_length=300,
        scale=3,
        min_width=200,
        elem_id="knowledge-words",
    )
    by_object, canonical = (
        gr.Dropdown([(texts.ANY, "")], value="", label=label(name), min_width=140, elem_id=place)
        for name, place in (("object", "knowledge-object"), ("defect_type", "knowledge-type"))
    )
    return words, by_object, canonical


def _button(name: str, variant: str = "secondary") -> gr.Button:
    return gr.Button(
        label(name),
        size="md",
        variant=variant,  # type: ignore[arg-type]  # one of gradio's own names
        min_width=80,
        scale=0,
        elem_id=f"knowledge-{name}",
    )
