"""What a visitor puts in: pictures checked as they come, examples filled in with one click."""

from typing import Any

import gradio as gr
from gradio import processing_utils
from gradio.utils import get_upload_folder

from adapp.core.errors import UsageError
from adapp.services.examples import Example
from adapp.ui import page_view, texts
from adapp.ui.app_services import AppServices
from adapp.ui.inspect_draw import Updates
from adapp.ui.inspect_layout import InspectLayout
from adapp.ui.inspect_run import RunHandlers
from adapp.ui.intake import MOST_QUERY, MOST_SUPPORT, Checked, GalleryItems, Originals, check
from adapp.ui.state import Held

_HINTS = {
    "support": (texts.NORMAL_HINT, MOST_SUPPORT),
    "query": (texts.QUERY_HINT, MOST_QUERY),
}


class InputHandlers:
    """Handlers of the galleries and the example cards.

    Args:
        services: What the app is built from.
        layout: The tab's components.
    """

    def __init__(self, services: AppServices, layout: InspectLayout) -> None:
        self._examples = {example.key: example for example in services.examples}
        self._inputs = layout.inputs
        self._notes = layout.actions
        self._busy = RunHandlers(services, layout).on_busy

    def on_support(self, items: GalleryItems, originals: Originals) -> tuple[Any, ...]:
        """Check the normal pictures as soon as they are there."""
        return _checked("support", items, originals)

    def on_query(self, items: GalleryItems, originals: Originals) -> tuple[Any, ...]:
        """Check the pictures to inspect as soon as they are there."""
        return _checked("query", items, originals)

    def on_example(self, event: gr.EventData, held: Held | None) -> Updates:
        """Fill the inputs with an example."""
        example = self._examples.get(str(event.key))
        if example is None:
            msg = "This example does not exist any more. Reload the page and choose another."
            raise UsageError(msg)
        support, query = cached_files(example)
        return {
            self._inputs.support: support,
            self._inputs.query: query,
            self._inputs.category: example.category,
            self._inputs.tune: False,
            # a gallery that was empty does not tell of a change that a handler makes
            self._notes.support_note: _remark("support", check([(path, None) for path in support])),
            self._notes.query_note: _remark("query", check([(path, None) for path in query])),
            **self._busy(held),
        }


def cached_files(example: Example) -> tuple[list[str], list[str]]:
    """Return copies of an example's support and query files that the page may show."""
    folder = get_upload_folder()
    return (
        [processing_utils.save_file_to_cache(path, cache_dir=folder) for path in example.support],
        [processing_utils.save_file_to_cache(path, cache_dir=folder) for path in example.query],
    )


def _checked(role: str, items: GalleryItems, originals: Originals) -> tuple[Any, ...]:
    """Return the gallery with stand-ins, the files behind them, and the remark under it."""
    looked = check(items, originals)
    gallery = gr.skip() if looked.items is None else looked.items
    return gallery, looked.originals, _remark(role, looked)


def _remark(role: str, looked: Checked) -> str:
    hint, most = _HINTS[role]
    return page_view.intake_html(looked, most) or page_view.message_html(hint)
