"""Which sentences the evidence supports, each with the piece of evidence it rests on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from adapp.core.reasoner import (
    Aspect,
    Language,
    ReasoningRequest,
    RegionFact,
    ResultFacts,
    Topic,
    TypeProbability,
)
from adapp.core.results import TypeAccuracy
from adapp.reasoning.phrases import Phrases
from adapp.reasoning.phrases_asian import CHINESE, JAPANESE
from adapp.reasoning.phrases_european import ENGLISH, GERMAN
from adapp.reasoning.question import language_of, topics_of
from adapp.reasoning.quoting import Quotation, likely_types, quotations
from adapp.reasoning.untrusted import name, plain

PHRASES: Final[dict[Language, Phrases]] = {
    "en": ENGLISH,
    "de": GERMAN,
    "zh": CHINESE,
    "ja": JAPANESE,
}
_ASPECTS: Final[dict[Topic, tuple[Aspect, ...]]] = {
    "summary": ("description", "causes", "consequences", "checks"),
    "what": ("description",),
    "why": ("causes",),
    "consequences": ("consequences",),
    "checks": ("checks",),
    "false_alarm": ("variation",),
}
_NORMAL_ASPECTS: Final[tuple[Aspect, ...]] = ("description", "variation", "checks")
_WITH_TYPES: Final = frozenset({"summary", "what"})
_WITH_MATCHES: Final = frozenset({"summary", "why", "false_alarm"})
_DESCRIBED = 3  # regions with a sentence of their own
_NAMED_TYPES = 3
_LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of a report.

    Attributes:
        text: The sentence, Markdown.
        support: What it rests on: ``report``, ``verdict``, ``calibration``, ``map``, ``region N``,
            ``types`` or ``page ID``.
        item: Whether it is a point under the sentence before it.
        withheld: Lines of the page that were left out; 0 but for the sentence that says so.
    """

    text: str
    support: str
    item: bool = False
    withheld: int = 0


def statements(request: ReasoningRequest) -> Iterator[Statement]:
    """Yield the sentences that answer ``request``, none of them beyond its evidence."""
    words = PHRASES[language_of(request)]
    topics = topics_of(request)
    yield Statement(words.label, "report")
    if "summary" in topics:
        yield Statement(words.free, "report")
    if request.facts is None:
        yield Statement(words.no_detector, "verdict")
    else:
        yield from _verdict(request.facts, words)
    if "false_alarm" in topics:
        yield from _margin(request, words)
    if topics != ("consequences",):
        yield from _regions(request, topics, words)
    if request.facts is not None and not request.facts.anomalous:
        yield Statement(words.nothing_found, "verdict")
    if "checks" in topics:
        yield from _advice(request, words)
    yield from _pages(request, topics, words)


def number(value: float) -> str:
    """Return a value as the report writes it."""
    return f"{value:.3g}"


def share(fraction: float) -> str:
    """Return a fraction in [0, 1] as the report writes it."""
    percent = 100 * fraction
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"


def type_name(kind: TypeProbability) -> str:
    """Return a canonical type as words; empty for "none of these"."""
    return name(kind.name.replace("_", " "))


def type_reliability(found: TypeAccuracy | None, words: Phrases) -> str:
    """Return how often the types that a method names are right, as far as that was measured."""
    if found is None:
        return words.type_unmeasured
    return words.type_measured.format(
        defects=found.defects,
        first=share(found.first),
        three=share(found.among_three),
        chance=share(found.chance_first),
        chance_three=share(found.chance_among_three),
    )


def place(region: RegionFact, size: tuple[int, int], words: Phrases) -> str:
    """Return in which ninth of a picture of ``size`` (height, width) the region's middle lies."""
    row0, column0, row1, column1 = region.box
    row = min(max(int(3 * (row0 + row1) / (2 * size[0])), 0), 2)
    column = min(max(int(3 * (column0 + column1) / (2 * size[1])), 0), 2)
    return words.places[3 * row + column]


def _verdict(facts: ResultFacts, words: Phrases) -> Iterator[Statement]:
    template = words.anomalous if facts.anomalous else words.normal
    told = template.format(
        method=name(facts.method), score=number(facts.score), threshold=number(facts.threshold)
    )
    yield Statement(told, "verdict")
    if facts.normals_below is None or facts.n_normals == 0:
        yield Statement(words.no_normals, "calibration")
    elif facts.n_normals == 1:
        yield Statement(words.one_normal, "calibration")
    else:
        above = words.above_all if facts.normals_below == facts.n_normals else words.above_some
        text = above.format(below=facts.normals_below, normals=facts.n_normals)
        yield Statement(text, "calibration")


def _margin(request: ReasoningRequest, words: Phrases) -> Iterator[Statement]:
    facts = request.facts
    if facts is None:
        return
    if facts.threshold > 0:
        times = number(facts.score / facts.threshold)
        yield Statement(words.times_threshold.format(times=times), "verdict")
    if request.regions and not facts.anomalous:
        yield Statement(words.map_only, "map")


def _regions(
    request: ReasoningRequest, topics: Sequence[Topic], words: Phrases
) -> Iterator[Statement]:
    regions = request.regions
    if request.anomaly_map is None and not regions:
        return
    if not regions:
        yield Statement(words.no_region, "map")
    elif len(regions) == 1:
        yield Statement(words.one_region, "map")
    else:
        yield Statement(words.regions.format(count=len(regions)), "map")
    described = () if {*topics} <= {"checks", "consequences"} else regions[:_DESCRIBED]
    for position, region in enumerate(described, start=1):
        parts = [_region(region, position, request.query.shape[:2], words)]
        if _WITH_MATCHES & {*topics}:
            parts += _match(region, position, words)
        if _WITH_TYPES & {*topics}:
            template = words.type_region.replace("{number}", str(position))
            parts += _types(region.types, template, words)
        yield Statement(" ".join(parts), f"region {position}", item=True)
    if len(regions) > _DESCRIBED and described:
        text = words.more_regions.format(count=len(regions) - _DESCRIBED)
        yield Statement(text, "map", item=True)
    if _WITH_TYPES & {*topics}:
        yield from _type_evidence(request, words)


def _region(region: RegionFact, position: int, size: tuple[int, int], words: Phrases) -> str:
    return words.region.format(
        number=position,
        place=place(region, size, words),
        area=share(region.area_fraction),
        peak=number(region.peak_value),
    )


def _match(region: RegionFact, position: int, words: Phrases) -> list[str]:
    if region.match is None:
        return []
    match = region.match
    if match.cost_ratio is None:
        told = words.match_cost.format(
            number=position, picture=match.picture, cost=number(match.cost)
        )
    else:
        told = words.match_ratio.format(
            number=position, picture=match.picture, ratio=number(match.cost_ratio)
        )
    return [told]


def _type_evidence(request: ReasoningRequest, words: Phrases) -> Iterator[Statement]:
    """Yield the picture's types where no region has its own, then how far types can be trusted."""
    facts = request.facts
    if facts is None:
        return
    by_region = any(region.types for region in request.regions)
    if not by_region:
        for text in _types(facts.types, words.type_picture, words):
            yield Statement(text, "types")
    if by_region or facts.types:
        yield Statement(type_reliability(facts.type_accuracy, words), "types")


def _types(types: Sequence[TypeProbability], template: str, words: Phrases) -> list[str]:
    if not types:
        return []
    best, shown = types[0], share(types[0].probability)
    if best.name:
        told = [template.format(name=type_name(best), share=shown)]
    else:
        told = [words.type_none.format(share=shown)]
    others = [
        f"{type_name(other) or words.no_type} ({share(other.probability)})"
        for other in types[1:_NAMED_TYPES]
        if other.probability >= _LEAST_SHARE
    ]
    if others:
        told.append(words.type_next.format(others=words.separator.join(others)))
    return told


def _advice(request: ReasoningRequest, words: Phrases) -> Iterator[Statement]:
    size = request.query.shape[:2]
    for position, region in enumerate(request.regions[:_DESCRIBED], start=1):
        template = words.look_at if region.match is None else words.compare_with
        text = template.format(
            number=position,
            place=place(region, size, words),
            picture=region.match.picture if region.match else 0,
        )
        yield Statement(text, f"region {position}", item=True)
    if request.facts is not None and request.facts.basis != "leave_one_out":
        yield Statement(words.add_normals, "calibration", item=True)


def _pages(
    request: ReasoningRequest, topics: Sequence[Topic], words: Phrases
) -> Iterator[Statement]:
    if not request.passages:
        yield Statement(words.no_pages, "report")
        return
    normal = request.facts is not None and not request.facts.anomalous
    aspects = tuple(dict.fromkeys(aspect for topic in topics for aspect in _ASPECTS[topic]))
    if normal:
        aspects = tuple(a for a in _NORMAL_ASPECTS if "summary" in topics or a in aspects)
    found = list(quotations(request, topics, aspects))
    likely = likely_types(request)
    told: set[str] = set()
    for quotation in found:
        yield from _quotation(quotation, words)
        page = quotation.passage
        known = {*likely, "", "normal"}
        if likely and page.trusted and page.canonical not in known and page.id not in told:
            told.add(page.id)
            yield Statement(words.other_type.format(id=page.id), f"page {page.id}")
    if any(quotation.lines for quotation in found):
        yield Statement(words.caveat, "report")
    elif not normal:
        named = words.separator.join(words.topics[topic] for topic in topics)
        yield Statement(words.no_topic.format(topic=named), "report")


def _quotation(quotation: Quotation, words: Phrases) -> Iterator[Statement]:
    page = quotation.passage
    support = f"page {page.id}"
    opening, closing = words.quotes
    if quotation.lines:
        template = words.pages[quotation.aspect] if page.trusted else words.unchecked
        known = " ".join(plain(page.title, 100).split()) if page.trusted else name(page.title)
        title = f"{opening}{known}{closing}"
        intro = template.format(id=page.id, title=title, score=number(page.score))
        yield Statement(intro, support)
    for line in quotation.lines:
        text = line if page.trusted else f"{opening}{line}{closing}"
        yield Statement(text, support, item=True)
    if quotation.withheld:
        text = words.withheld.format(count=quotation.withheld, id=page.id)
        yield Statement(text, support, withheld=quotation.withheld)
