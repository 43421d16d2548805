"""The picture under inspection: layers that the browser blends, moves and zooms by itself.

The server sends a layer only when that layer changes: a new threshold sends the mask and the
frames, another map its colours, another query everything. Opacity, view and zoom send nothing.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, TypeAlias

import gradio as gr
import numpy as np

from adapp.core.results import AnomalyResult, BinaryMask, RgbImage
from adapp.rendering.colormaps import MAP_RANGES, colormap_choices, map_range
from adapp.services.regions import Region
from adapp.services.views import map_names, map_of
from adapp.ui.pictures import map_uri, mask_uri, png_uri, screen_map, screen_picture

ViewerParts: TypeAlias = dict[str, Any]
"""Properties of the viewer that an update changes."""

VIEWS = (
    ("Overlay", "overlay"),
    ("Map", "map"),
    ("Mask", "mask"),
    ("Original", "original"),
)
FIRST_MAPS = tuple((name.capitalize(), name) for name in MAP_RANGES)
"""The maps that every result has, as label and name."""

MOST_FRAMES = 40
"""Frames drawn on the picture; the list and the export hold the others too."""

_BAR_STEPS = 255
_LABEL_FRACTION = 0.05  # a number needs this share of the picture's height above its frame
_SCALE_ENDS = ("normal", "anomalous")
_RESIDUAL_ENDS = ("lowers base", "raises base")
_TEMPLATE = """
<figure class="viewer" data-picture="${shown}" data-rows="${rows}" data-columns="${columns}"
        style="--ratio:${columns / rows}">
  <div class="stage" tabindex="0" role="group"
       aria-label="${told} Arrow keys read a pixel, Escape clears it, plus and minus zoom.">
    <div class="layers">
      <div class="layer picture">${value}</div>
      <div class="layer map">${paint}</div>
      <div class="layer mask">${mask}</div>
      <div class="layer frames">${frames}</div>
      <div class="layer links"></div>
      <div class="layer area">${area}</div>
      <svg class="drawing" aria-hidden="true"></svg>
      <i class="spot"></i>
    </div>
    <div class="zoom">
      <button type="button" data-zoom="in" aria-label="Zoom in">+</button>
      <button type="button" data-zoom="out" aria-label="Zoom out">&minus;</button>
      <button type="button" data-zoom="fit" aria-label="Fit the picture">Fit</button>
    </div>
    <div class="pens">
      <button type="button" data-pen="ignore" aria-pressed="false"
              title="Paint over what does not count: a serial number, an edge">Ignore brush</button>
      <button type="button" data-pen="keep" aria-pressed="false"
              title="Drag a rectangle: only what lies inside counts">Region of interest</button>
    </div>
  </div>
  <figcaption class="scale">${colorbar}</figcaption>
</figure>
"""


def viewer() -> gr.HTML:
    """Return the viewer without a picture; its ``read`` event names the pixel clicked on."""
    return gr.HTML(
        "",
        html_template=_TEMPLATE,
        js_on_load=script("viewer.js"),
        apply_default_css=False,
        elem_id="viewer",
        shown="",
        rows=1,
        columns=1,
        told="",
        paint="",
        mask="",
        frames="",
        area="",
        colorbar="",
    )


def script(name: str) -> str:
    """Return the JavaScript file ``name`` of this package."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def map_choices(result: AnomalyResult) -> list[tuple[str, str]]:
    """Return the maps that ``result`` has, as label and name."""
    return [(name[:1].upper() + name[1:], name) for name in map_names(result)]


def with_picture(shown: str, name: str, pixels: RgbImage) -> ViewerParts:
    """Return the part of an update that shows another picture.

    Args:
        shown: Names the picture within the session; another one resets the zoom.
        name: File name for the reader.
        pixels: The picture at its own resolution.
    """
    rows, columns = pixels.shape[:2]
    source = png_uri(screen_picture(pixels))
    return {
        "value": f'<img src="{source}" alt="{escape(name)} as inspected">',
        "shown": escape(shown),
        "rows": rows,
        "columns": columns,
        "told": f"{escape(name)}, {columns} x {rows} pixels.",
    }


def with_map(name: str, result: AnomalyResult, kind: str, colors: str) -> ViewerParts:
    """Return the part of an update that shows another map, or the same in other colours.

    The scale is fixed: 0 to 1, and -1 to 1 with a neutral middle for the residual map.
    """
    painted = map_uri(
        screen_map(map_of(result, kind)), *map_range(kind), _color_table(kind, colors)
    )
    told = f"{escape(kind)} map of {escape(name)}"
    return {"paint": f'<img src="{painted}" alt="{told}">'}


def with_scale(kind: str, colors: str, pixel_threshold: float) -> ViewerParts:
    """Return the part of an update that shows the colour bar, marked at the region threshold."""
    low, high = map_range(kind)
    ramp = np.linspace(low, high, _BAR_STEPS, dtype=np.float32)[np.newaxis, :]
    bar = map_uri(ramp, low, high, _color_table(kind, colors))
    share = 100 * (min(max(pixel_threshold, low), high) - low) / (high - low)
    tick = (
        f'<i style="left:{share:.2f}%" title="Region threshold {pixel_threshold:.3f}"></i>'
        if kind == "fused"
        else ""
    )
    first, last = _RESIDUAL_ENDS if kind == "residual" else _SCALE_ENDS
    told = f"Colour scale from {low:g} to {high:g}, the same for every picture"
    return {
        "colorbar": f'<span>{first}</span><div class="bar"><img src="{bar}" alt="{told}">{tick}'
        f"<u>{low:g}</u><u>{(low + high) / 2:g}</u><u>{high:g}</u></div><span>{last}</span>"
    }


def _color_table(kind: str, colors: str) -> str:
    """Return the colour map asked for, or the default where it does not suit the map."""
    choices = colormap_choices(kind)
    return colors if colors in choices else choices[0]


def with_regions(
    name: str, mask: BinaryMask, regions: Sequence[Region], types: Sequence[str] = ()
) -> ViewerParts:
    """Return the part of an update that shows other regions.

    Args:
        name: File name of the picture.
        mask: Pixels of all regions.
        regions: All of them, highest peak first.
        types: What the first of them look most like; "" for nothing known.
    """
    rows, columns = mask.shape
    shown = regions[:MOST_FRAMES]
    labels = [*types, *[""] * len(shown)]
    frames = "".join(
        _frame(f"{number} {label}".strip(), number, region, rows, columns)
        for number, (region, label) in enumerate(zip(shown, labels, strict=False), start=1)
    )
    told = f"Pixels of {escape(name)} above the region threshold"
    return {"mask": f'<img src="{mask_uri(mask)}" alt="{told}">', "frames": frames}


def _frame(label: str, number: int, region: Region, rows: int, columns: int) -> str:
    row0, column0, row1, column1 = region.box
    place = (
        f"left:{100 * column0 / columns:.3f}%;top:{100 * row0 / rows:.3f}%;"
        f"width:{100 * (column1 - column0) / columns:.3f}%;"
        f"height:{100 * (row1 - row0) / rows:.3f}%"
    )
    at_top = ' class="at-top"' if row0 < _LABEL_FRACTION * rows else ""
    return f'<b data-region="{number}"{at_top} style="{place}"><em>{escape(label)}</em></b>'
