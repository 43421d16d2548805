"""From a session's batch to updates of the page; no model runs here."""

import base64
from pathlib import Path

import cv2
import gradio as gr
import numpy as np

from adapp.core.errors import BadImage
from adapp.data.images import load_image
from adapp.rendering.histogram import histogram_svg
from adapp.rendering.overlay import draw_regions, overlay, shrink
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_journal import Line
from adapp.services.batch_manifest import agreement_of, read_manifest
from adapp.services.batch_review import confusion
from adapp.services.batch_thumbnails import name_of
from adapp.services.region_types import told_note
from adapp.ui import batch_view
from adapp.ui.batch_parts import BatchLayout, HeldBatch
from adapp.ui.inspect_draw import Updates, on_slider
from adapp.ui.pictures import png_uri

_DETAIL_SIDE = 720
_THUMB_SIDE = 44


class BatchDrawing:
    """Turns a batch into updates of the tab's components.

    Args:
        layout: The tab's components.
    """

    def __init__(self, layout: BatchLayout) -> None:
        self._layout = layout

    def whole(self, held: HeldBatch) -> Updates:
        """Return the updates that show all of the batch that is there."""
        threshold = limit_of(held)
        self._add_thumbs(held)
        lines = [held.lines[number] for number in sorted(held.lines)]
        table = batch_view.table_html(lines, threshold, held.labels, held.thumbs)
        return {self._layout.table: table, **self.figures(held)}

    def figures(self, held: HeldBatch) -> Updates:
        """Return the updates that follow from a label."""
        threshold, scores = limit_of(held), held.scores()
        counts = confusion(scores, held.labels, threshold)
        low, high = _score_range(held)
        picture = histogram_svg(
            held.run["calibration"]["normal_scores"],
            list(scores.values()),
            threshold,
            score_range=(low, high),
        )
        return {
            self._layout.figures: batch_view.figures_html(scores, threshold, counts),
            self._layout.histogram: picture,
        }

    def slider(self, held: HeldBatch) -> Updates:
        """Return the update that puts the threshold to the calibrated value."""
        own = float(held.run["thresholds"]["image"])
        low, high = _score_range(held)
        return {
            self._layout.threshold: gr.Slider(
                minimum=min(low, own), maximum=max(high, own), value=on_slider(own)
            )
        }

    def detail(self, held: HeldBatch, number: int) -> Updates:
        """Return the update that shows one picture with its map."""
        line = held.lines[number]
        shown = {} if held.folder is None else pictures_of(line, held.folder)
        trust = told_note(held.run["provenance"])
        return {self._layout.detail: batch_view.detail_html(line, shown, limit_of(held), trust)}

    def _add_thumbs(self, held: HeldBatch) -> None:
        """Make the small pictures that are not there yet, of those that the report keeps."""
        if held.folder is None:
            return
        for number in held.lines.keys() - held.thumbs.keys():
            path = held.folder.thumbnails / name_of(number)
            address = _thumb(path) if path.is_file() else ""
            if address:
                held.thumbs[number] = address


def limit_of(held: HeldBatch) -> float:
    """Return the threshold that holds: the person's, or the calibrated one."""
    own: float = held.run["thresholds"]["image"]
    return own if held.threshold is None else held.threshold


def pictures_of(line: Line, folder: BatchFolder) -> dict[str, str]:
    """Return addresses of a picture as inspected and with map and regions, by what they show."""
    if "query" not in line:
        return {}
    window = agreement_of(read_manifest(folder.manifest)["agreement"]).window
    try:
        pixels = load_image(Path(line["path"]), window=window).pixels
    except BadImage:
        return {}
    fused = np.load(folder.root / line["files"]["fused"], allow_pickle=False)
    small = shrink(pixels, _DETAIL_SIDE)
    size = (small.shape[1], small.shape[0])
    values = np.asarray(cv2.resize(fused, size, interpolation=cv2.INTER_AREA), np.float32)
    rows, columns = small.shape[0] / pixels.shape[0], small.shape[1] / pixels.shape[1]
    boxes = [
        (int(r0 * rows), int(c0 * columns), round(r1 * rows), round(c1 * columns))
        for r0, c0, r1, c1 in (region["box"] for region in line["query"]["regions"])
    ]
    return {
        "map and regions": png_uri(draw_regions(overlay(small, values), boxes)),
        "as inspected": png_uri(small),
    }


def _score_range(held: HeldBatch) -> tuple[float, float]:
    found = next((line["query"] for line in held.lines.values() if "query" in line), None)
    low, high = (0.0, 1.0) if found is None else found["score_range"]
    return float(low), float(high)


def _thumb(path: Path) -> str:
    """Return the left one of a pair of small pictures as an address."""
    pair = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if pair is None:
        return ""
    half = pair[:, : pair.shape[1] // 2]
    factor = _THUMB_SIDE / max(half.shape[:2])
    small = cv2.resize(half, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not done:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
