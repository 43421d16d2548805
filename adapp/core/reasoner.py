"""What a reasoner is asked, what it answers, and the one interface of all reasoners.

A reasoner puts a detector's result into words. It gets no other channel than the request, and its
words never change the verdict: that stays in ``ResultFacts``, as the detector gave it.
"""

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, Protocol, TypeAlias

from adapp.core.results import AnomalyMap, CalibrationBasis, RgbImage, TypeAccuracy

Language: TypeAlias = Literal["en", "de", "zh", "ja"]
Topic: TypeAlias = Literal["summary", "what", "why", "consequences", "checks", "false_alarm"]
Source: TypeAlias = Literal["local_model", "server", "evidence_only"]
Aspect: TypeAlias = Literal["description", "causes", "consequences", "checks", "variation"]
FlagKind: TypeAlias = Literal[
    "unknown_citation",  # a page was cited that had not been retrieved; struck out
    "contradiction",  # a sentence seems to contradict the detector's verdict
    "uncited",  # pages were given and none was cited
    "removed_markup",  # links, pictures or HTML were taken out of the answer
    "withheld",  # lines of an unchecked page were left out
    "shortened",  # the answer reached its longest permitted length
    "interrupted",  # the writer failed after the first words
    "stopped",  # the user stopped the answer
]

ASPECTS: Final[tuple[Aspect, ...]] = (
    *("description", "causes", "consequences", "checks", "variation"),
)
_PAGE_ID = re.compile(r"[\w.\-]+(/[\w.\-]+)*")
_LONGEST_ID = 120


def never() -> bool:
    """Return False: the default answer to "has the user stopped this answer?"."""
    return False


@dataclass(frozen=True, slots=True)
class TypeProbability:
    """How probable a canonical defect type is; ``name`` is empty for "none of these"."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class NormalMatch:
    """The normal patch most similar to the one under a region's peak.

    Attributes:
        picture: Number of the normal picture, counted from 1.
        cost: 1 - cosine similarity of the two patches, in [0, 2].
        cost_ratio: ``cost`` over the largest cost among the normal pictures; None if unknown.
        crop: The normal patch with its surroundings, [h, w, 3]; None if it is not at hand.
    """

    picture: int
    cost: float
    cost_ratio: float | None
    crop: RgbImage | None = None


@dataclass(frozen=True, slots=True)
class RegionFact:
    """One region of the query above the pixel threshold; regions are counted from 1 in order.

    Attributes:
        box: Half-open box in pixels of the query (row 0, column 0, row 1, column 1).
        area_fraction: Its area as a fraction of the picture, in [0, 1].
        peak_value: Highest value of the fused map in it, in [0, 1].
        types: Defect types, most probable first; empty if the method gives none.
        match: Nearest normal patch; None for methods without support.
    """

    box: tuple[int, int, int, int]
    area_fraction: float
    peak_value: float
    types: tuple[TypeProbability, ...] = ()
    match: NormalMatch | None = None


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """The detector's verdict and what it rests on; nothing a reasoner says changes it.

    Attributes:
        label: The verdict.
        score: Image-level anomaly score.
        threshold: Image-level threshold it was held against.
        method: Title of the method, with its variant where that is not the default.
        category: Name of the part as the user gave it; not trusted.
        picture_name: File name of the query; not trusted.
        normals_below: Normal pictures that score lower; None without normal pictures.
        n_normals: Normal pictures whose score is known.
        basis: What the threshold rests on.
        types: Defect types of the whole picture, most probable first.
        type_accuracy: How often such types are right; None if that was not measured.
    """

    label: Literal["normal", "anomalous"]
    score: float
    threshold: float
    method: str
    category: str = ""
    picture_name: str = ""
    normals_below: int | None = None
    n_normals: int = 0
    basis: CalibrationBasis = "generic"
    types: tuple[TypeProbability, ...] = ()
    type_accuracy: TypeAccuracy | None = None

    @property
    def anomalous(self) -> bool:
        """Whether the detector calls the part anomalous."""
        return self.label == "anomalous"


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """One retrieved knowledge page.

    Attributes:
        id: Under which it is cited: letters, digits and ``._-`` between single slashes.
        title: Heading.
        text: The whole page as plain text.
        score: Similarity by which it was retrieved.
        trusted: Whether the project wrote it; other text is only ever quoted.
        canonical: Canonical defect type; ``normal`` for a sound object, empty if unknown.
        aspects: The same text sorted by what it tells; empty for pages without sections.
        picture: The page as a picture, [H, W, 3]; None if it is not at hand.

    Raises:
        ValueError: If the id could not be told from other text in an answer.
    """

    id: str
    title: str
    text: str
    score: float
    trusted: bool
    canonical: str = ""
    aspects: Mapping[Aspect, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType[Aspect, tuple[str, ...]]({})
    )
    picture: RgbImage | None = None

    def __post_init__(self) -> None:
        if len(self.id) > _LONGEST_ID or not _PAGE_ID.fullmatch(self.id):
            msg = f"{self.id!r} cannot serve as the id of a page"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class ReasoningRequest:
    """Everything a reasoner may look at; it gets no other channel.

    Attributes:
        question: What the user asks.
        query: The inspected picture, [H, W, 3].
        facts: The detector's verdict; None only for a run without a detector (an ablation).
        anomaly_map: The fused map, [H, W] of the query; None likewise.
        regions: Regions above the pixel threshold, highest peak first.
        passages: Retrieved pages, best first.
        history: Earlier turns about the same picture, oldest first.
        topic: Which quick question this is; None reads it off the question.
        language: Language of the answer; None takes the question's own.
        template: A normal picture to compare with, [H, W, 3] (the 1-shot setting of MMAD).
        options: Texts of a multiple-choice question in order; the answer is then a letter.

    Raises:
        ValueError: If the question is empty, the map does not fit the picture, or two pages share
            an id.
    """

    question: str
    query: RgbImage
    facts: ResultFacts | None
    anomaly_map: AnomalyMap | None = None
    regions: tuple[RegionFact, ...] = ()
    passages: tuple[Passage, ...] = ()
    history: tuple[Turn, ...] = ()
    topic: Topic | None = None
    language: Language | None = None
    template: RgbImage | None = None
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.question.strip():
            msg = "a reasoner needs a question"
            raise ValueError(msg)
        if self.anomaly_map is not None and self.anomaly_map.shape != self.query.shape[:2]:
            msg = f"map {self.anomaly_map.shape} does not fit the picture {self.query.shape[:2]}"
            raise ValueError(msg)
        if len({passage.id for passage in self.passages}) != len(self.passages):
            msg = "two pages share an id"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a reader of the answer has to know; ``detail`` is a sentence to be shown."""

    kind: FlagKind
    detail: str


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens a language model read and wrote."""

    prompt: int
    answer: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Text for the user, with an honest account of who wrote it.

    Attributes:
        text: Markdown without links, pictures or HTML; unknown citations are struck out.
        source: Who wrote it.
        model: Model, arithmetic and device; the report's own name without a model.
        cited: Ids of the retrieved pages that the text cites, in order of appearance.
        seconds: From the request to the last word.
        tokens: None without a language model, or if a server does not tell.
        language: Language that was asked for.
        licence: What the model may be used for; empty without a model or if it is not known.
        fallback_reason: Set whenever a preferred reasoner was skipped.
        flags: What to show beside the text.
    """

    text: str
    source: Source
    model: str
    cited: tuple[str, ...]
    seconds: float
    tokens: TokenCount | None = None
    language: Language = "en"
    licence: str = ""
    fallback_reason: str | None = None
    flags: tuple[Flag, ...] = ()

    def flagged(self, kind: FlagKind) -> bool:
        """Return whether a flag of this kind is set."""
        return any(flag.kind == kind for flag in self.flags)


@dataclass(frozen=True, slots=True)
class ReasoningUpdate:
    """A step of a running answer.

    Attributes:
        text: Everything written so far, safe to show.
        explanation: The complete answer; set in the last update only.
    """

    text: str
    explanation: Explanation | None = None


class Reasoner(Protocol):
    """Turns a request into an explanation; thread-safe."""

    @property
    def source(self) -> Source:
        """Who writes."""
        ...

    @property
    def model(self) -> str:
        """Which model writes."""
        ...

    def stream(
        self, request: ReasoningRequest, stop: Callable[[], bool] = never
    ) -> Generator[ReasoningUpdate, None, None]:
        """Yield the answer as it grows; the last update holds the explanation.

        When ``stop`` turns true, or the generator is closed, writing ends at the next token and
        the model is free for the next request.

        Raises:
            ReasonerUnavailable: If no word could be written.
            ModelUnavailable: If the model's weights are not on this machine.
        """
        ...

    def close(self) -> None:
        """Let go of the model's memory; the next request loads it again."""
        ...


def explain(
    reasoner: Reasoner, request: ReasoningRequest, stop: Callable[[], bool] = never
) -> Explanation:
    """Return the complete answer of ``reasoner`` to ``request``.

    Raises:
        ReasonerUnavailable: If no word could be written.
        ModelUnavailable: If the model's weights are not on this machine.
    """
    final = None
    for update in reasoner.stream(request, stop):
        final = update.explanation or final
    if final is None:
        msg = f"{reasoner.model} ended without an explanation"
        raise ValueError(msg)
    return final
