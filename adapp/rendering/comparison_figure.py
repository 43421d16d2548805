"""A comparison as a figure for a paper: pictures in rows and columns, one colour bar each."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from adapp.core.results import RgbImage

_CELL_INCHES = 1.7
_HEAD_INCHES = 0.62
_BAR_INCHES = 0.9
_DPI = 200
_NO_DATES: dict[str, dict[str, Any]] = {"png": {"Software": None}, "pdf": {"CreationDate": None}}


@dataclass(frozen=True, slots=True, eq=False)
class FigureRow:
    """One row of maps.

    Attributes:
        title: What the maps are.
        cells: One map per method, [H, W].
        low: Value at the lower end of the colours.
        high: Value at the upper end.
        colormap: Name of a matplotlib colour map.
        ticks: Values and labels of the colour bar.
    """

    title: str
    cells: Sequence[NDArray[np.floating[Any]]]
    low: float
    high: float
    colormap: str
    ticks: tuple[tuple[float, str], ...]


def comparison_figure(
    picture: RgbImage,
    heads: Sequence[str],
    rows: Sequence[FigureRow],
    agreement: NDArray[np.uint8],
    file_format: Literal["png", "pdf"],
) -> bytes:
    """Return the figure as a file: the picture, one column per method, how many agree.

    Args:
        picture: The inspected picture.
        heads: Title and verdict of each method, lines separated by newlines.
        rows: Rows of maps, from the top.
        agreement: How many methods count a pixel as anomalous, [H, W].
        file_format: ``png`` (200 dots per inch) or ``pdf`` (fonts embedded as outlines).

    Raises:
        ValueError: If a row has not one map per method.
    """
    if not rows or any(len(row.cells) != len(heads) for row in rows):
        msg = "every row needs one map per method"
        raise ValueError(msg)
    aspect = picture.shape[0] / picture.shape[1]
    width = (len(heads) + 2) * _CELL_INCHES + _BAR_INCHES
    height = len(rows) * _CELL_INCHES * aspect + _HEAD_INCHES
    with mpl.rc_context({"font.size": 7, "pdf.fonttype": 42, "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(width, height), dpi=_DPI)
        axes = figure.subplots(len(rows), len(heads) + 2, squeeze=False)
        figure.subplots_adjust(
            left=0.03,
            right=1 - _BAR_INCHES / width,
            top=1 - _HEAD_INCHES / height,
            bottom=0.02,
            wspace=0.04,
            hspace=0.06,
        )
        for place in axes.flat:
            place.set_axis_off()
        axes[0][0].imshow(picture)
        axes[0][0].set_title("Input")
        for number, row in enumerate(rows):
            _draw_row(figure, axes[number], row, heads if number == 0 else None)
        axes[0][-1].imshow(agreement, cmap="cividis", vmin=0, vmax=len(heads))
        axes[0][-1].set_title(f"Agreement\nof {len(heads)}")
        return _saved(figure, file_format)


def _draw_row(figure: Figure, axes: Any, row: FigureRow, heads: Sequence[str] | None) -> None:  # noqa: ANN401 - matplotlib's array of axes
    shown: list[AxesImage] = []
    for column, cell in enumerate(row.cells, start=1):
        place = axes[column]
        shown.append(place.imshow(cell, cmap=row.colormap, vmin=row.low, vmax=row.high))
        if heads is not None:
            place.set_title(heads[column - 1])
    place = axes[1]
    side = {"rotation": 90, "va": "center", "ha": "right", "transform": place.transAxes}
    place.text(-0.06, 0.5, row.title, **side)
    box = axes[-1].get_position()
    beside = figure.add_axes((box.x1 + 0.012, box.y0 + 0.1 * box.height, 0.008, 0.8 * box.height))
    bar = figure.colorbar(shown[-1], cax=beside)
    bar.set_ticks([value for value, _ in row.ticks], labels=[told for _, told in row.ticks])
    bar.outline.set_linewidth(0.4)


def _saved(figure: Figure, file_format: Literal["png", "pdf"]) -> bytes:
    canvas = FigureCanvasAgg if file_format == "png" else FigureCanvasPdf
    canvas(figure)
    file = io.BytesIO()
    figure.savefig(file, format=file_format, metadata=_NO_DATES[file_format])
    return file.getvalue()
