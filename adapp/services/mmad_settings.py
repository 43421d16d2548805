"""What a model is shown with one of MMAD's questions: vanilla, Seek-Setting and the steps between.

Vanilla is MMAD's own 1-shot setting: a normal picture beside the query. In the Seek-Setting the
retrieved pages take that picture's place and the expert's map comes along (Source: ADSeeker 5.2).
The name of the part, which the paths hold, reaches neither the model nor the search.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from adapp.core.detector import SupportSet
from adapp.core.errors import AdappError, UsageError
from adapp.core.reasoner import Passage, ReasoningRequest
from adapp.core.results import Provenance, RgbImage
from adapp.core.settings import Settings
from adapp.data.images import load_image
from adapp.methods.registry import METHODS
from adapp.services.case import Case, case_of
from adapp.services.inspection import Inspection, InspectionRequest, drain, inspect
from adapp.services.mmad_questions import MmadQuestion
from adapp.services.page_query import PageQuery, search_text
from adapp.services.pool import DetectorPool
from adapp.services.regions import Thresholds

if TYPE_CHECKING:
    from adapp.services.page_library import PageLibrary


@dataclass(frozen=True, slots=True)
class Setting:
    """What goes in beside picture and question; without pages a normal picture does.

    Attributes:
        name: As in the table.
        pages: Whether retrieved pages take the normal picture's place.
        expert: Whether the expert's map comes along.
    """

    name: str
    pages: bool
    expert: bool


VANILLA: Final = Setting("vanilla", pages=False, expert=False)
SEEK: Final = Setting("seek", pages=True, expert=True)
LADDER: Final = (
    VANILLA,
    Setting("rag", pages=True, expert=False),
    Setting("expert", pages=False, expert=True),
    SEEK,
)
"""The steps of ADSeeker's table 4."""


@dataclass(frozen=True, slots=True)
class ExpertOptions:
    """Which expert looks at the pictures, and whose encoders find pages."""

    method: str
    preset: str
    checkpoint: str
    size: int | None


class Evidence:
    """Finds what the settings show; loads expert and pages when first needed.

    Args:
        options: Which expert.
        root: Folder that paths of pictures start in.
        pool: Where detectors come from.
        library: Returns the knowledge base; None loads the project's own pages and no others.
    """

    def __init__(
        self,
        options: ExpertOptions,
        root: Path,
        *,
        pool: DetectorPool | None = None,
        library: "Callable[[], PageLibrary] | None" = None,
    ) -> None:
        self._options = options
        self._root = root
        self._pool = pool or DetectorPool()
        self._load = library or self._own_library
        self._library: PageLibrary | None = None
        self._expert: Provenance | None = None
        self._seen: tuple[str, Inspection] | None = None
        self._pictures: dict[str, RgbImage] = {}

    @property
    def expert(self) -> Provenance | None:
        """What stands behind the expert's maps; None while it is not loaded."""
        return self._expert

    @property
    def learned_from(self) -> frozenset[str]:
        """Categories whose pictures taught the expert or the search, as far as loaded."""
        expert = () if self._expert is None else self._expert.trained_on
        search = () if self._library is None else self._library.trained_on
        return frozenset((*expert, *search))

    def hindrance(self, setting: Setting) -> str:
        """Return why a setting cannot be shown here; empty if it can, and all is loaded."""
        try:
            if setting.expert:
                self._load_expert()
            if setting.pages:
                self._pages()
        except AdappError as error:
            return str(error).rstrip(".")
        return ""

    def request(self, setting: Setting, question: MmadQuestion) -> ReasoningRequest:
        """Return what the model sees, with the options in the order of the file.

        Raises:
            BadImage: If a picture cannot be read.
        """
        case = self._case(question.image) if setting.expert else None
        picture = self._picture(question.image) if case is None else case.picture
        return ReasoningRequest(
            question=question.text,
            query=picture,
            facts=None,
            anomaly_map=None if case is None else case.anomaly_map,
            regions=() if case is None else case.regions,
            passages=self._passages(question, picture, case) if setting.pages else (),
            template=None if setting.pages else self._picture(question.template),
            language="en",
            options=question.options,
        )

    def _load_expert(self) -> None:
        """Load the expert once.

        Raises:
            UsageError: If it is not among this version's methods.
            ModelUnavailable: If its weights are not on this machine.
        """
        method = self._options.method
        if method not in METHODS:
            msg = f"the expert {method} is not among this version's methods ({', '.join(METHODS)})"
            raise UsageError(msg)
        if self._expert is None:
            key = self._inspection("").detector_key
            self._expert = self._pool.fitted(key, SupportSet("")).provenance

    def _inspection(self, image: str) -> InspectionRequest:
        options = self._options
        return InspectionRequest(
            method=options.method,
            preset=options.preset,
            checkpoint=options.checkpoint,
            category="",
            support=(),
            query=(self._root / image,),
            size=options.size,
        )

    def _case(self, image: str) -> Case:
        """Return what the expert says of a picture; questions about one picture share it."""
        if self._seen is None or self._seen[0] != image:
            self._seen = (image, drain(inspect(self._inspection(image), self._pool)))
        found = self._seen[1]
        return case_of(found, 0, Thresholds.of(found.calibration))

    def _picture(self, image: str) -> RgbImage:
        """Return a picture; the two that a question shows stay at hand for the next one."""
        if image not in self._pictures:
            while len(self._pictures) > 1:
                self._pictures.pop(next(iter(self._pictures)))
            self._pictures[image] = load_image(self._root / image).pixels
        return self._pictures[image]

    def _passages(
        self, question: MmadQuestion, picture: RgbImage, case: Case | None
    ) -> tuple[Passage, ...]:
        """Return the pages for a question, best first, as pictures and text."""
        library = self._pages()
        types = () if case is None else case.facts.types
        words = search_text("", types, question.text, ("summary",))
        query = PageQuery(picture, words) if case is None else case.page_query(words)
        hits = sorted(library.search(query).hits, key=lambda hit: hit.rank)
        return tuple(hit.page.passage(hit.score, library.shelf.picture(hit.page)) for hit in hits)

    def _pages(self) -> "PageLibrary":
        if self._library is None:
            self._library = self._load()
        return self._library

    def _own_library(self) -> "PageLibrary":
        heavy = importlib.import_module("adapp.services.page_library")  # torch, faiss, sklearn
        found = heavy.load_library(self._options.preset, Settings(), own_index=False)
        return cast("PageLibrary", found)
