"""Handlers of the Inspect tab's extras: sets, drawn areas, test defects, earlier runs."""

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio import processing_utils
from gradio.utils import get_upload_folder

from adapp.core.errors import UsageError
from adapp.data.images import load_image
from adapp.rendering.overlay import encode_png
from adapp.services.ignoring import ignored, with_shape
from adapp.services.support_sets import load_set, save_set
from adapp.ui import session_view, texts
from adapp.ui.export_files import cached
from adapp.ui.inspect_draw import Drawing, Updates, first_look
from adapp.ui.inspect_inputs import query_remark, support_remark
from adapp.ui.inspect_parts import InspectLayout
from adapp.ui.intake import GalleryItems, Originals, check, paths
from adapp.ui.state import Held

MOST_EARLIER = 8


class SessionHandlers:
    """What answers the events of the extras.

    Args:
        layout: The tab's components.
    """

    def __init__(self, layout: InspectLayout) -> None:
        self._layout = layout
        self._parts = layout.session
        self._draw = Drawing(layout)

    def on_save_set(self, items: GalleryItems, originals: Originals, category: str) -> str:
        """Return a file with the normal parts."""
        with tempfile.TemporaryDirectory(prefix="adapp-set-") as name:
            archive = Path(name) / "adapp-normals.zip"
            return cached(save_set(paths(items, originals), category, archive))

    def on_load_set(self, file: str | None, method: str) -> Updates:
        """Put the normal parts of a file into the box."""
        if file is None:
            return {}
        with tempfile.TemporaryDirectory(prefix="adapp-set-") as name:
            category, found = load_set(Path(file), Path(name))
            kept = [cached(path) for path in found]
        items = [(path, None) for path in kept]
        looked = check(items)
        inputs, notes = self._layout.inputs, self._layout.actions
        return {
            inputs.support: items if looked.items is None else looked.items,
            inputs.support_originals: looked.originals,
            inputs.category: category,
            notes.support_note: support_remark(looked, method),
        }

    def on_fill_editor(self, items: GalleryItems, originals: Originals) -> Any:  # noqa: ANN401 - gradio's own value
        """Return the first normal part as the ground to draw on."""
        known = paths(items, originals)
        if not known:
            raise UsageError(texts.DEFECT_NEEDS_NORMAL)
        return np.array(load_image(known[0]).pixels)

    def on_take_editor(
        self, drawn: dict[str, Any] | None, items: GalleryItems, originals: Originals
    ) -> Updates:
        """Add what was drawn to the pictures to inspect."""
        picture = None if drawn is None else drawn.get("composite")
        if picture is None:
            raise UsageError(texts.DEFECT_EMPTY)
        data = encode_png(np.ascontiguousarray(picture[..., :3], dtype=np.uint8))
        count = len(items or ()) + 1
        path = processing_utils.save_bytes_to_cache(
            data, f"test-defect-{count}.png", cache_dir=get_upload_folder()
        )
        grown = [*(items or ()), (str(path), None)]
        inputs, notes = self._layout.inputs, self._layout.actions
        looked = check(grown, originals)
        return {
            inputs.query: grown if looked.items is None else looked.items,
            inputs.query_originals: looked.originals,
            notes.query_note: query_remark(looked),
        }

    def on_area(
        self, event: gr.EventData, held: Held | None, chosen: int, kind: str, colors: str
    ) -> Updates:
        """Leave out what was drawn on the picture, in all pictures of the run."""
        holder = _alive(held)
        with holder.drawing:
            holder.shapes = with_shape(holder.shapes, event.shape)
        return self._shown(holder, chosen, kind, colors)

    def on_clear_area(self, held: Held | None, chosen: int, kind: str, colors: str) -> Updates:
        """Count the whole picture again."""
        holder = _alive(held)
        holder.shapes = ()
        return self._shown(holder, chosen, kind, colors)

    def on_finished(self, history: list[Held], held: Held | None) -> Updates:
        """Put a finished run in front of the earlier ones."""
        if held is None or held.inspection is None:
            return {}
        kept = [held, *(one for one in history if one is not held)][:MOST_EARLIER]
        return {
            self._parts.history: kept,
            self._parts.earlier: session_view.earlier_html(kept, held),
        }

    def on_earlier(
        self, event: gr.EventData, history: list[Held], kind: str, colors: str
    ) -> Updates:
        """Show an earlier run again; no model runs."""
        found = next((one for one in history if one.key == str(event.key)), None)
        holder = _alive(found)
        return {
            **self._shown(holder, 0, kind, colors),
            self._layout.results.held: holder,
            self._layout.results.empty: "",
            self._parts.earlier: session_view.earlier_html(history, holder),
        }

    def _shown(self, held: Held, chosen: int, kind: str, colors: str) -> Updates:
        found = held.seen()
        if found is None:
            raise UsageError(texts.DROPPED)
        at = min(chosen, len(found.outcomes) - 1)
        look = first_look(found, kind, colors, at)
        shape = found.outcomes[at].result.fused_map.shape
        share = float(ignored(held.shapes, shape[0], shape[1]).mean()) if held.shapes else 0.0
        return {
            **self._draw.whole(held, found, look),
            **self._draw.maps(found, look),
            **self._draw.sliders(found),
            self._layout.results.chosen: at,
            self._parts.area_note: session_view.area_html(len(held.shapes), share),
        }


def _alive(held: Held | None) -> Held:
    if held is None or held.inspection is None:
        raise UsageError(texts.DROPPED)
    return held
