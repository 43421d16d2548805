"""What a visitor puts in: pictures checked as they come, examples filled in with one click."""

from typing import Any, cast

import gradio as gr

from adapp.core.errors import UsageError
from adapp.methods.registry import METHODS, MethodInfo
from adapp.services.examples import Example
from adapp.ui import method_view, page_view, texts
from adapp.ui.app_services import AppServices
from adapp.ui.inspect_draw import Updates
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.inspect_run import RunHandlers
from adapp.ui.intake import (
    MOST_QUERY,
    MOST_SUPPORT,
    Checked,
    GalleryItems,
    Originals,
    check,
    paths,
)
from adapp.ui.labels import label
from adapp.ui.prepared import cached_files, over_copies
from adapp.ui.state import Held


class InputHandlers:
    """Handlers of the galleries and the example cards.

    Args:
        services: What the app is built from.
        layout: The tab's components.
    """

    def __init__(self, services: AppServices, layout: InspectLayout) -> None:
        self._services = services
        self._examples = {example.key: example for example in services.examples}
        self._inputs = layout.inputs
        self._notes = layout.actions
        self._cards = layout.cards
        self._run = RunHandlers(services, layout)

    def on_support(self, items: GalleryItems, originals: Originals, method: str) -> tuple[Any, ...]:
        """Check the normal pictures as soon as they are there."""
        looked = check(items, originals)
        return _gallery(looked), looked.originals, support_remark(looked, method)

    def on_query(self, items: GalleryItems, originals: Originals, _: str) -> tuple[Any, ...]:
        """Check the pictures to inspect as soon as they are there."""
        looked = check(items, originals)
        return _gallery(looked), looked.originals, query_remark(looked)

    def on_method(
        self, method: str, preset: str, checkpoint: str, items: GalleryItems, originals: Originals
    ) -> Updates:
        """Say what the chosen method needs and takes, where it is put in."""
        info = _info(method)
        tuning: dict[str, Any] = {} if info.learns_support else {"value": False}
        return {
            self._notes.method_note: method_view.note_html(info, preset, checkpoint),
            self._inputs.category: gr.Textbox(info=method_view.part_hint(info)),
            self._inputs.support: gr.Gallery(label=label(method_view.support_key(info))),
            self._notes.support_note: support_remark(check(items, originals), method),
            self._inputs.tune: gr.Checkbox(
                info=method_view.tune_hint(info), interactive=info.learns_support, **tuning
            ),
        }

    def on_good(
        self,
        held: Held | None,
        chosen: int,
        items: GalleryItems,
        originals: Originals,
        method: str,
    ) -> Updates:
        """Add the picture that is shown to the normal ones: a person says that it is good."""
        if held is None or held.inspection is None:
            raise UsageError(texts.DROPPED)
        path = held.inspection.outcomes[chosen].image.path
        known = paths(items, originals)
        if path is None or path in known:
            raise UsageError(texts.GOOD_ALREADY)
        if len(known) >= MOST_SUPPORT:
            told = texts.TOO_MANY_SUPPORT.format(most=MOST_SUPPORT, count=len(known) + 1)
            raise UsageError(told)
        grown = [*(items or ()), (str(path), None)]
        looked = check(grown, originals)
        return {
            self._inputs.support: grown if looked.items is None else looked.items,
            self._inputs.support_originals: looked.originals,
            self._notes.support_note: support_remark(looked, method),
            **self._run.on_busy(held),
        }

    def on_card(
        self,
        event: gr.EventData,
        held: Held | None,
        started: str,
        kind: str,
        colors: str,
        *choice: object,
    ) -> Updates:
        """Show an example's result if it was prepared, else fill the inputs and have it run.

        What was prepared comes in two steps, so that the map need not wait for the rest: the page
        tells that ``opened`` has changed and ``on_opened`` sends the rest. A run begins likewise
        when ``started`` changes.

        Args:
            event: Names the example.
            held: The result that is shown.
            started: Number of runs that cards have started.
            kind: Map that is looked at.
            colors: Colours of unsigned maps.
            choice: Method, preset, checkpoint and tiles, as chosen now.
        """
        example = self._example(event)
        method, preset, checkpoint, tiles = cast("tuple[str, str, str, int]", choice)
        ready = self._services.prepared.of(example.key, method, preset, checkpoint)
        if ready is None or int(tiles or 1) != ready.request.tiles:
            return {
                **self.fill(example, method),
                **self._run.on_busy(held),
                self._cards.started: str(int(started or 0) + 1),
            }
        shown, updates = self._run.on_prepared(over_copies(ready, example), held, kind, colors)
        return {**updates, self._cards.opened: f"{shown.key} {example.key}"}

    def on_opened(self, opened: str, held: Held | None, method: str) -> Updates:
        """Fill the inputs with the example whose result is shown, and add the rest of it."""
        example = self._examples.get(opened.partition(" ")[2])
        return {} if example is None else self.fill(example, method) | self._run.on_rest(held)

    def on_example(self, event: gr.EventData, held: Held | None, method: str) -> Updates:
        """Fill the inputs with an example."""
        return {**self.fill(self._example(event), method), **self._run.on_busy(held)}

    def fill(self, example: Example, method: str) -> Updates:
        """Return the updates that fill the inputs with an example."""
        support, query = cached_files(example)
        return {
            self._inputs.support: support,
            self._inputs.query: query,
            self._inputs.category: example.category,
            self._inputs.tune: False,
            # a gallery that was empty does not tell of a change that a handler makes
            self._notes.support_note: support_remark(_checked(support), method),
            self._notes.query_note: query_remark(_checked(query)),
        }

    def _example(self, event: gr.EventData) -> Example:
        """Return the example whose card was clicked.

        Raises:
            UsageError: If it does not exist.
        """
        example = self._examples.get(str(event.key))
        if example is None:
            msg = "This example does not exist any more. Reload the page and choose another."
            raise UsageError(msg)
        return example


def _checked(files: list[str]) -> Checked:
    return check([(path, None) for path in files])


def _gallery(looked: Checked) -> Any:  # noqa: ANN401 - gradio's own sign for "unchanged"
    """Return the gallery with stand-ins for what no browser shows."""
    return gr.skip() if looked.items is None else looked.items


def support_remark(looked: Checked, method: str) -> str:
    """Return what to say below the box of normal pictures."""
    hint = method_view.support_hint(_info(method))
    return page_view.intake_html(looked, MOST_SUPPORT) or page_view.message_html(hint)


def query_remark(looked: Checked) -> str:
    """Return what to say below the box of pictures to inspect."""
    return page_view.intake_html(looked, MOST_QUERY) or page_view.message_html(texts.QUERY_HINT)


def _info(method: str) -> MethodInfo:
    """Return what is known of the method chosen.

    Raises:
        UsageError: If it does not exist.
    """
    if method not in METHODS:
        raise UsageError(texts.NO_METHOD.format(method=method, known=", ".join(METHODS)))
    return METHODS[method]
