"""Small pictures of the most anomalous parts of a batch, kept on disk in bounded number."""

import heapq
from collections.abc import Iterable
from pathlib import Path

from adapp.rendering.thumbnail import thumbnail, thumbnail_pair
from adapp.services.batch_folder import BatchFolder
from adapp.services.batch_journal import Line
from adapp.services.export import writing
from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.regions import Thresholds
from adapp.services.views import ViewOptions, show

_SIDE = 220  # pixels
_SUPPORT_SIDE = 120
_MOST_SUPPORT = 8


class Thumbnails:
    """Keeps the pictures with the highest scores; of equal scores the first ones.

    Args:
        folder: Where they lie, ``<number>.jpg``.
        most: Largest number of pictures.
        lines: Results of earlier pictures, whose files are there.
    """

    def __init__(self, folder: Path, most: int, lines: Iterable[Line] = ()) -> None:
        self._folder = folder
        self._most = most
        self._kept: list[tuple[float, int]] = []  # heap: the lowest score, last number first
        for line in lines:
            if "refused" not in line:
                self._enter(line["query"]["score"], line["number"])
        wanted = {name_of(-number) for _, number in self._kept}
        for path in folder.glob("[0-9]*.jpg"):
            if path.name not in wanted:
                path.unlink()

    def offer(self, number: int, outcome: QueryOutcome, thresholds: Thresholds) -> None:
        """Keep the picture beside its overlay if its score is among the highest so far.

        Raises:
            UsageError: If the folder cannot be written to.
        """
        entered, left = self._enter(outcome.result.score, number)
        if not entered:
            return
        bare = ViewOptions(view="picture", numbered=False, max_side=_SIDE)
        plain = show(outcome, thresholds, bare)
        overlay = show(outcome, thresholds, ViewOptions(max_side=_SIDE))
        with writing(self._folder):
            (self._folder / name_of(number)).write_bytes(thumbnail_pair(plain, overlay, _SIDE))
            if left is not None:
                (self._folder / name_of(left)).unlink(missing_ok=True)

    def _enter(self, score: float, number: int) -> tuple[bool, int | None]:
        """Return whether a picture is among the highest, and the number it drives out."""
        entry = (score, -number)
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, entry)
            return True, None
        if not self._kept or entry <= self._kept[0]:
            return False, None
        return True, -heapq.heapreplace(self._kept, entry)[1]


def name_of(number: int) -> str:
    """Return the file name of picture ``number``."""
    return f"{number:06d}.jpg"


def write_support(inspection: Inspection, folder: BatchFolder) -> None:
    """Write small pictures of the first normal parts, ``support_<position>.jpg``.

    Raises:
        UsageError: If the folder cannot be written to.
    """
    with writing(folder.root):
        for position, image in enumerate(inspection.support[:_MOST_SUPPORT]):
            path = folder.thumbnails / f"support_{position}.jpg"
            path.write_bytes(thumbnail(image.pixels, _SUPPORT_SIDE))
