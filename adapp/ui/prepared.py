"""Results of examples that are there before anybody asks: made at the start, by the real model.

All sessions share them: they hold the project's own pictures and nobody changes them. A session
that shows one keeps thresholds, drawn areas and everything else of its own.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from gradio import processing_utils
from gradio.utils import get_upload_folder

from adapp.data.images import LoadedImage
from adapp.methods.registry import METHODS
from adapp.rendering.colormaps import SEQUENTIAL, map_range
from adapp.rendering.overlay import overlay
from adapp.services.examples import Example
from adapp.services.inspection import Inspection, InspectionRequest
from adapp.services.regions import Verdict, verdict
from adapp.ui.pictures import thumb_uri

_WELCOME_SIDE = 320
_OPACITY = 0.5


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the page shows of a result before anything was inspected.

    Attributes:
        key: Key of the example.
        title: What its card says.
        photo: Address of its first picture.
        overlay: Address of the same picture under its fused map.
        verdict: What the method says about it.
        method: The method's name.
        preset: Encoder behind it.
        checkpoint: Which trained parts.
    """

    key: str
    title: str
    photo: str
    overlay: str
    verdict: Verdict
    method: str
    preset: str
    checkpoint: str


class Prepared:
    """The results, by the key of their example."""

    def __init__(self) -> None:
        self._found: dict[str, Inspection] = {}
        self._welcome: Welcome | None = None

    @property
    def welcome(self) -> Welcome | None:
        """What the start page shows; None until it was computed."""
        return self._welcome

    def put(self, example: Example, found: Inspection) -> None:
        """Keep a complete result; the first one welcomes visitors."""
        self._found[example.key] = found
        if self._welcome is None:
            self._welcome = _welcome(example, found)

    def of(self, key: str, method: str, preset: str, checkpoint: str) -> Inspection | None:
        """Return the result of an example as a run would make it now; None if there is none."""
        found = self._found.get(key)
        if found is None:
            return None
        asked = found.request
        made = (asked.method, asked.preset, asked.checkpoint)
        return found if made == (method, preset, checkpoint) else None


def example_request(example: Example, preset: str, checkpoint: str) -> InspectionRequest:
    """Return the run behind an example's card."""
    return InspectionRequest(
        method=next(iter(METHODS)),
        preset=preset,
        checkpoint=checkpoint,
        category=example.category,
        support=example.support,
        query=example.query,
    )


def over_copies(found: Inspection, example: Example) -> Inspection:
    """Return a result as if it had been made from the copies that the page shows.

    They are made for a visitor and swept away after the visit, so none is made at the start.
    """
    support, query = cached_files(example)
    copies = dict(zip((*example.support, *example.query), map(Path, support + query), strict=True))

    def moved(image: LoadedImage) -> LoadedImage:
        return image if image.path is None else replace(image, path=copies[image.path])

    return replace(
        found,
        request=replace(
            found.request, support=tuple(map(Path, support)), query=tuple(map(Path, query))
        ),
        support=tuple(map(moved, found.support)),
        outcomes=tuple(replace(one, image=moved(one.image)) for one in found.outcomes),
    )


def cached_files(example: Example) -> tuple[list[str], list[str]]:
    """Return copies of an example's support and query files that the page may show."""
    folder = get_upload_folder()
    return (
        [processing_utils.save_file_to_cache(path, cache_dir=folder) for path in example.support],
        [processing_utils.save_file_to_cache(path, cache_dir=folder) for path in example.query],
    )


def _welcome(example: Example, found: Inspection) -> Welcome:
    """Return the first picture of a result, as small as the start page shows it."""
    outcome, asked = found.outcomes[0], found.request
    low, high = map_range("fused")
    painted = overlay(
        outcome.image.pixels,
        outcome.result.fused_map,
        _OPACITY,
        SEQUENTIAL[0],
        low=low,
        high=high,
    )
    return Welcome(
        key=example.key,
        title=example.title,
        photo=thumb_uri(outcome.image.pixels, _WELCOME_SIDE),
        overlay=thumb_uri(painted, _WELCOME_SIDE),
        verdict=verdict(outcome.result.score, found.calibration),
        method=METHODS[asked.method].title,
        preset=asked.preset,
        checkpoint=asked.checkpoint,
    )
