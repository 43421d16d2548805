"""How often the right page is found: hit rates on pictures that are on no page and taught nothing.

A picture counts for the object if a page covers its category, and for the defect type if a page
covers that type. Its flaw is where the mask says, as a good detector would say.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from adapp.auxiliary.names import part_names
from adapp.auxiliary.page_keys import Vectors
from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.knowledge.evidence import Keys, RegionKey
from adapp.knowledge.sampling import SamplingConfig
from adapp.services.knowledge_pages import bundled_entries
from adapp.services.page_library import PageLibrary, load_library
from adapp.services.page_query import ANY_DEFECT, search_text
from adapp.services.page_specimens import Specimens, drawn, held_out, pictured
from adapp.services.page_truth import Truth, truth_of

Json: TypeAlias = dict[str, Any]

DEPTHS: Final = (1, 3, 5)
_DRAWN = "second drawings"
_VARIANT = 3  # of the drawings: 0 is on the pages, 1 and 2 teach


@dataclass(frozen=True, slots=True, eq=False)
class _Probe:
    """One picture to search with."""

    group: str
    part: str
    truth: Truth
    whole: Vectors
    detail: Vectors | None
    anomalous: bool


def hit_rates(
    roots: Sequence[Path],
    *,
    preset: str = "embedded",
    draw: int = 0,
    settings: Settings | None = None,
    report: Report,
    library: PageLibrary | None = None,
) -> Json:
    """Return hit rates for object and type, with and without the part's name, kde and topk.

    Categories are grouped by whether the projection was trained with pictures of them. ``draw``
    picks the pictures of data sets (``pictured``).

    Raises:
        UsageError: If a root holds no data set, or not so many pictures.
    """
    settings = settings or Settings()
    library = library or load_library(preset, settings, own_index=False, report=report)
    probes = list(_probes(library, roots, draw, settings, report))
    if not probes:
        msg = f"no picture is left for draw {draw}; draws count from 0 and take 30 of a kind each"
        raise UsageError(msg)
    rows: list[Json] = []
    for group in dict.fromkeys(probe.group for probe in probes):
        chosen = [probe for probe in probes if probe.group == group]
        for named in (False, True):
            for strategy in ("kde", "topk"):
                report(f"Searching: {group}", len(rows), 0)
                rows.append(_row(library, chosen, strategy, named=named))
    return {
        "preset": preset,
        "pages": len(library.pages),
        "draw": draw,
        "encoders": library.encoder.identity,
        "rows": rows,
    }


def _probes(
    library: PageLibrary, roots: Sequence[Path], draw: int, settings: Settings, report: Report
) -> Iterator[_Probe]:
    entries, folder = bundled_entries(), settings.cache_dir / "knowledge"
    trained = set(library.trained_on)
    if roots:
        for category, found in pictured(roots, library.encoder, folder, report, draw):
            known = category.name in trained
            for row, sample in enumerate(found.samples):
                if known and not held_out(sample):
                    continue
                yield _Probe(
                    "known objects" if known else "unknown objects",
                    part_names(sample.category)[0],
                    truth_of(sample, entries),
                    *_vectors(library, found, row),
                    sample.label == 1,
                )
        return
    found = drawn(entries, _VARIANT, library.encoder, folder, report)
    for row, entry in enumerate(found.entries):
        truth = Truth(frozenset({entry.object}), frozenset({entry.canonical}))
        vectors = _vectors(library, found, row)
        yield _Probe(_DRAWN, entry.object, truth, *vectors, entry.kind != "object")


def _vectors(library: PageLibrary, found: Specimens, row: int) -> tuple[Vectors, Vectors | None]:
    rows = found.whole[row : row + 1], found.detail[row : row + 1]
    detail = library.encoder.projected(rows[1])[0] if rows[1].any() else None
    return library.encoder.projected(rows[0])[0], detail


def _row(library: PageLibrary, probes: Sequence[_Probe], strategy: str, *, named: bool) -> Json:
    hits: dict[str, list[list[bool]]] = {"object": [], "type": [], "both": []}
    for probe in probes:
        text = search_text(probe.part if named else "", (), "", ("what",))
        words = library.encoder.sentences([text])[0] if text else None
        if probe.anomalous:
            regions = (RegionKey(probe.detail, ANY_DEFECT),)
        else:
            regions = (RegionKey(None, {"normal": 1.0}),)
        keys = Keys(probe.whole, words, regions)
        parts = library.shelf.parts_in(text)
        plain = SamplingConfig(strategy="kde" if strategy == "kde" else "topk")
        choices = [replace(plain, budget=depth) for depth in DEPTHS]
        found = [_found(library, keys, choice, parts, probe.truth) for choice in choices]
        if probe.truth.objects - {""}:
            hits["object"].append([any(one) for one, _ in found])
        if probe.truth.types and probe.anomalous:
            hits["type"].append([any(kind) for _, kind in found])
            if probe.truth.objects - {""}:
                both = [bool(np.logical_and(one, kind).any()) for one, kind in found]
                hits["both"].append(both)
    return {
        "group": probes[0].group,
        "part_name": named,
        "sampling": strategy,
        **{name: _shares(found) for name, found in hits.items()},
    }


def _found(
    library: PageLibrary, keys: Keys, sampling: SamplingConfig, parts: Set[str], truth: Truth
) -> tuple[list[bool], list[bool]]:
    """Return for each page that is chosen whether object and type are right."""
    pages = [hit.page for hit in library.find(keys, sampling=sampling, parts=parts).hits]
    return (
        [page.object in truth.objects for page in pages],
        [page.canonical in truth.types for page in pages],
    )


def _shares(found: Sequence[Sequence[bool]]) -> Json:
    if not found:
        return {"pictures": 0}
    means = np.mean(np.array(found, dtype=np.float64), axis=0)
    hits = {f"hit@{depth}": float(mean) for depth, mean in zip(DEPTHS, means, strict=True)}
    return {"pictures": len(found), **hits}


def hits_table(found: Json) -> str:
    """Return hit rates as a Markdown table, in percent."""
    told = [f"{name} @{depth}" for name in ("object", "type", "both") for depth in DEPTHS]
    head = ["pictures", "group", "part name", "sampling", *told]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in found["rows"]:
        cells = [
            f"{row['object']['pictures']}/{row['type']['pictures']}",
            row["group"],
            "given" if row["part_name"] else "not given",
            row["sampling"],
            *(
                _percent(row[name].get(f"hit@{depth}"))
                for name in ("object", "type", "both")
                for depth in DEPTHS
            ),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
