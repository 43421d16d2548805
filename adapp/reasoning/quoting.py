"""What an evidence report quotes out of the retrieved pages, and what it leaves out of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from adapp.core.reasoner import Aspect, Passage, ReasoningRequest, Topic
from adapp.reasoning.contradiction import contradicting
from adapp.reasoning.question import read_topic
from adapp.reasoning.untrusted import plain

_FULLY = 2, 3  # pages quoted for one aspect, and lines quoted of each
_COMPARED = 3, 2  # the same where the pages say what it may be
_BRIEFLY = 1, 2  # the same where several aspects have their turn
_TIED = 0.05  # two pages about defects whose scores differ by less are quoted together
_MOST_LINES = 6  # of a page without sections
_LINE_LIMIT = 300
_TEXT_LIMIT = 4000
_NORMAL = "normal"
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_ORDER = re.compile(
    r"\b(ignore|disregard|forget|override|overrule)\b.{0,40}"
    r"\b(instruction|previous|above|prior|rule|prompt|detector|verdict)|"
    r"\b(system|developer)\s*(prompt|message|instruction)|\byou (are|must|will) (now|only)\b|"
    r"\b(say|answer|reply|respond)\b.{0,30}\b(pass|normal|ok|only|exactly|approved|verdict)\b|"
    r"\bverdict\b|^\s*(system|assistant|user|developer)\s*:|"
    r"\b(ignoriere|missachte)\b|忽略.{0,10}(指令|说明|提示|判定)|(指示|命令)を?無視",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quotation:
    """Lines of one page on one aspect; ``withheld`` counts those that were left out."""

    passage: Passage
    aspect: Aspect
    lines: tuple[str, ...]
    withheld: int = 0


def quotations(
    request: ReasoningRequest, topics: Sequence[Topic], aspects: Sequence[Aspect]
) -> Iterator[Quotation]:
    """Yield what to quote, aspect by aspect, the pages that fit the type evidence first.

    A page that the project did not write is quoted once, however many others come before it, since
    somebody put it there on purpose; and without the lines that give orders or pass a verdict of
    their own.
    """
    told: set[str] = set()
    most, lines = _FULLY if len(aspects) == 1 else _BRIEFLY
    if aspects == ("description",):
        most, lines = _COMPARED
    if most == 1 and _tied(request):
        most = 2
    for aspect in aspects:
        quoted = 0
        for passage in _ranked(request):
            if passage.id in told or (passage.trusted and quoted >= most):
                continue
            quotation = _quotation(passage, aspect, topics, request)
            if not passage.trusted:
                told.add(passage.id)
            if quotation.lines or quotation.withheld:
                yield replace(quotation, lines=quotation.lines[:lines])
                quoted += bool(quotation.lines)


def gives_orders(line: str) -> bool:
    """Return whether a line speaks to whoever reads it instead of telling about the part."""
    return bool(_ORDER.search(line))


def likely_types(request: ReasoningRequest) -> frozenset[str]:
    """Return the most probable type of each region and of the picture, where one is named."""
    kinds = [kind for region in request.regions for kind in region.types[:1]]
    kinds += request.facts.types[:1] if request.facts is not None else ()
    return frozenset(kind.name for kind in kinds if kind.name)


def _ranked(request: ReasoningRequest) -> list[Passage]:
    """Return the pages to quote from, in order.

    With a normal verdict pages about defects are left out: what they describe was not found.
    """
    facts = request.facts
    if facts is not None and not facts.anomalous:
        return [p for p in request.passages if p.canonical == _NORMAL or not p.trusted]
    types = [
        *(t for r in request.regions for t in r.types[:1]),
        *(facts.types[:1] if facts else ()),
    ]
    likely = {kind.name for kind in types if kind.name}
    return sorted(request.passages, key=lambda passage: passage.canonical not in likely)


def _tied(request: ReasoningRequest) -> bool:
    """Return whether the two best pages about defects fit alike, and no type tells them apart."""
    first = [page.score for page in _ranked(request) if page.canonical not in {"", _NORMAL}][:2]
    return len(first) == 2 and not likely_types(request) and first[0] - first[1] < _TIED


def _quotation(
    passage: Passage, aspect: Aspect, topics: Sequence[Topic], request: ReasoningRequest
) -> Quotation:
    if passage.trusted:
        lines = [plain(line, 2 * _LINE_LIMIT) for line in passage.aspects.get(aspect, ())]
        return Quotation(passage, aspect, tuple(lines))
    lines = [plain(line, _LINE_LIMIT) for line in passage.aspects.get(aspect, ())]
    lines = [line for line in lines or _excerpt(passage.text, topics) if line]
    kept = [_unbracketed(line) for line in lines if not _unsafe(line, request)]
    return Quotation(passage, aspect, tuple(kept), len(lines) - len(kept))


def _excerpt(text: str, topics: Sequence[Topic]) -> list[str]:
    """Return the sentences of a page without sections that speak of a topic, else the first."""
    split = [part.strip(" -*#|>") for part in _SENTENCE.split(plain(text, _TEXT_LIMIT))]
    sentences = [plain(part, _LINE_LIMIT) for part in split if part]
    fitting = [sentence for sentence in sentences if read_topic(sentence) in topics]
    return (fitting or sentences)[:_MOST_LINES]


def _unbracketed(line: str) -> str:
    """Return ``line`` so that nothing in it reads as a citation."""
    return line.replace("[", "(").replace("]", ")")


def _unsafe(line: str, request: ReasoningRequest) -> bool:
    if gives_orders(line):
        return True
    return request.facts is not None and bool(contradicting(line, request.facts.label))
