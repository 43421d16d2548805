"""Pages of the user's own: a box to add, open and remove them, the same wherever it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gradio as gr

from adapp.core.errors import AdappError
from adapp.knowledge.user_pages import PDF_SUFFIXES, PICTURE_SUFFIXES, TEXT_SUFFIXES
from adapp.services.explaining import Explainer
from adapp.ui import knowledge_view, page_view, texts
from adapp.ui.errors import told
from adapp.ui.inspect_draw import Updates
from adapp.ui.labels import label
from adapp.ui.opened_page import clickable
from adapp.ui.queues import AT_ONCE, MODEL_QUEUE, PRIVATE
from adapp.ui.why_state import Talk

PAGE_FILES: Final = (*sorted(TEXT_SUFFIXES | PDF_SUFFIXES), *sorted(PICTURE_SUFFIXES))
"""Endings of files that can be pages."""


@dataclass(frozen=True, slots=True)
class OwnBox:
    """The box's components."""

    listed: gr.HTML
    upload: gr.UploadButton
    message: gr.HTML


def lay_out_own(name: str) -> OwnBox:
    """Build the box inside the current ``Blocks``; ``name`` begins its components' ids."""
    with gr.Accordion(label("own_pages"), open=False, elem_id=f"{name}-own-box"):
        listed = clickable(f"{name}-own", knowledge_view.own_html(()))
        message = gr.HTML("", elem_id=f"{name}-own-message", apply_default_css=False)
        upload = gr.UploadButton(
            label("add_pages"),  # type: ignore[arg-type]  # the browser translates it
            file_count="multiple",
            file_types=list(PAGE_FILES),
            type="filepath",
            size="sm",
            elem_id=f"{name}-upload",
        )
    return OwnBox(listed, upload, message)


def wire_own(explainer: Explainer, talk: gr.State, boxes: Sequence[OwnBox]) -> list[Any]:
    """Connect boxes that show the same pages; return the events after which these are others."""
    lists = [box.listed for box in boxes]
    changes: list[Any] = []
    for box in boxes:
        handlers = OwnHandlers(explainer, talk, lists, box.message)
        changes += [
            box.upload.upload(
                told(handlers.on_upload),
                [talk, box.upload],
                [talk, *lists, box.message],
                show_progress_on=box.listed,
                **MODEL_QUEUE,
                **PRIVATE,
            ),
            box.listed.remove(
                told(handlers.on_remove), talk, [talk, *lists, box.message], **AT_ONCE
            ),
        ]
    return changes


class OwnHandlers:
    """Handlers of one box.

    Args:
        explainer: Reads pages.
        talk: What the session holds.
        lists: The lists of all boxes, which show the same pages.
        message: What this box says.
    """

    def __init__(
        self, explainer: Explainer, talk: gr.State, lists: Sequence[gr.HTML], message: gr.HTML
    ) -> None:
        self._explainer = explainer
        self._talk = talk
        self._lists = tuple(lists)
        self._message = message

    def on_upload(self, talk: Talk, files: list[str] | None) -> Updates:
        """Take pages of the user's own in; a file that is none is refused by name."""
        before, refused = len(talk.own_pages), []
        for file in files or []:
            try:
                talk.own = self._explainer.read([Path(file)], talk.own)
            except AdappError as refusal:
                refused.append(str(refusal))
        count = len(talk.own_pages) - before
        added = texts.PAGES_ADDED.format(count=count) if count else texts.PAGES_KNOWN
        message = page_view.message_html(" ".join(refused), "error")
        if count or not refused:
            message = page_view.message_html(added) + message
        return {**self._listed(talk), self._message: message}

    def on_remove(self, event: gr.EventData, talk: Talk) -> Updates:
        """Forget a page of the user's own."""
        if talk.own is not None:
            talk.own = talk.own.without(str(event.key))
        return {**self._listed(talk), self._message: ""}

    def _listed(self, talk: Talk) -> Updates:
        html = knowledge_view.own_html(talk.own_pages)
        return {self._talk: talk, **dict.fromkeys(self._lists, html)}
