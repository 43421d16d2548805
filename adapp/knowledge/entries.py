"""The project's own knowledge: typed entries in JSON files, checked field by field on reading.

A file holds the entries of one object. Its name, scenario, sources and licence stand once at the
top and hold for each entry that does not bring its own.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

from adapp.core.errors import BadPage
from adapp.knowledge.defect_types import CANONICAL, NORMAL

Kind = Literal["defect", "object", "type"]
Illustration: TypeAlias = Mapping[str, str | int | float]

KINDS: Final = ("defect", "object", "type")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*")
_TEXT_LIMITS: Final = {"title": (4, 60), "description": (60, 700), "scenario": (30, 400)}
_LISTS: Final = {
    "defect": {"causes": (2, 5), "consequences": (1, 4), "checks": (2, 5)},
    "type": {"causes": (2, 5), "consequences": (1, 4), "checks": (2, 5)},
    "object": {"variation": (1, 5), "checks": (2, 5)},
}
_LINE_LIMIT = (12, 240)
_SHARED: Final = ("object", "aliases", "scenario", "sources", "licence")
_NEEDED: Final = frozenset(
    {"id", "kind", "object", "defect_type", "canonical", "title", "description"}
    | {"scenario", "sources", "licence"}
)
_TEXTS: Final = (
    *("id", "kind", "object", "defect_type", "canonical", "title", "description"),
    *("scenario", "licence"),
)
_TUPLES: Final = (
    *("causes", "consequences", "checks", "variation"),
    *("aliases", "sources", "covers"),
)
_FIELDS: Final = frozenset({*_TEXTS, *_TUPLES, "illustration"})


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about one defect of one object, about an object, or about a defect type.

    Attributes:
        id: ``object/defect``, lower case, unique.
        kind: ``defect`` (of an object), ``object`` (a sound one), ``type`` (of any object).
        object: The part as a person calls it; empty for a type.
        aliases: Other names of the object.
        defect_type: The defect as a person calls it; empty for an object.
        canonical: One of ``CANONICAL``; ``normal`` for an object.
        title: Heading of the page.
        description: What one sees.
        causes: Where it comes from; empty for an object.
        consequences: What follows if it passes; empty for an object.
        checks: What to look at next.
        variation: What may vary without being a defect; for objects.
        scenario: How and where the object is made and used.
        sources: What the facts rest on.
        licence: SPDX name of the entry's own licence.
        covers: Data-set types it speaks about, ``set/category/type``.
        illustration: What to draw, read by ``data.illustration``; empty for no picture.
    """

    id: str
    kind: Kind
    object: str
    aliases: tuple[str, ...]
    defect_type: str
    canonical: str
    title: str
    description: str
    causes: tuple[str, ...]
    consequences: tuple[str, ...]
    checks: tuple[str, ...]
    variation: tuple[str, ...]
    scenario: str
    sources: tuple[str, ...]
    licence: str
    covers: tuple[str, ...]
    illustration: Illustration


def load_entries(folder: Path) -> tuple[Entry, ...]:
    """Return all entries of the JSON files directly in ``folder``, by file name, then in order.

    Raises:
        BadPage: If the folder holds no file, a file is no JSON, a field is missing, unknown or out
            of bounds, or two entries share an id.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        msg = f"{folder.name}: no knowledge files found. Install the project with its assets."
        raise BadPage(msg)
    entries = [entry for path in files for entry in read_file(path)]
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            msg = f"{entry.id}: two entries have this id. Give one of them another."
            raise BadPage(msg)
        seen.add(entry.id)
    return tuple(entries)


def read_file(path: Path) -> tuple[Entry, ...]:
    """Return the entries of one JSON file.

    Raises:
        BadPage: See ``load_entries``.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path.name}: not a readable JSON file ({error}). Correct or remove it."
        raise BadPage(msg) from error
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list):
        msg = f"{path.name}: expected an object with a list of entries. Correct the file."
        raise BadPage(msg)
    shared = {field: content[field] for field in _SHARED if field in content}
    return tuple(parse_entry(raw, shared, path.name) for raw in content["entries"])


def parse_entry(raw: object, shared: Mapping[str, object], where: str) -> Entry:
    """Return one checked entry.

    Args:
        raw: The entry as JSON gave it.
        shared: Fields of the file that hold for it unless it has its own.
        where: Name of the file, for messages.

    Raises:
        BadPage: If a field is missing, unknown, of the wrong type or out of bounds.
    """
    if not isinstance(raw, dict):
        msg = f"{where}: an entry is not an object. Correct the file."
        raise BadPage(msg)
    fields: dict[str, Any] = {**shared, **cast("dict[str, Any]", raw)}
    name = str(fields.get("id", "an entry without id"))
    fault = _fault(fields)
    if fault is not None:
        msg = f"{where}, {name}: {fault}. Correct the entry."
        raise BadPage(msg)
    lists = {field: tuple(fields.get(field, ())) for field in _TUPLES}
    texts = {field: fields[field] for field in _TEXTS}
    return Entry(illustration=dict(fields.get("illustration", {})), **texts, **lists)  # type: ignore[arg-type] # checked above


def _fault(fields: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an entry, as half a sentence; None if it is sound."""
    unknown = sorted(set(fields) - _FIELDS)
    if unknown:
        return f"unknown field {unknown[0]!r}"
    if fields.get("kind") not in KINDS:
        return f"kind must be one of {', '.join(KINDS)}"
    lists = _LISTS[fields["kind"]]
    missing = sorted((_NEEDED | set(lists)) - set(fields))
    if missing:
        return f"field {missing[0]!r} is missing"
    odd = [field for field in _TEXTS if not isinstance(fields[field], str)]
    if odd:
        return f"{odd[0]!r} must be a text"
    return _fault_of_names(fields) or _fault_of_text(fields) or _fault_of_lists(fields, lists)


def _fault_of_names(fields: Mapping[str, Any]) -> str | None:
    if not _ID.fullmatch(fields["id"]):
        return "the id must look like object-name/defect-name"
    kind, canonical = fields["kind"], fields["canonical"]
    if kind == "object" and canonical != NORMAL:
        return f"the canonical type of an object is {NORMAL!r}"
    if kind != "object" and canonical not in CANONICAL:
        return f"unknown canonical type {canonical!r}"
    for field, absent in (("object", kind == "type"), ("defect_type", kind == "object")):
        if bool(fields[field].strip()) == absent:
            return f"{field!r} must {'stay empty' if absent else 'name something'}"
    drawing = fields.get("illustration", {})
    if not isinstance(drawing, dict) or not all(
        isinstance(value, str | int | float) for value in drawing.values()
    ):
        return "the illustration must be an object of names and numbers"
    return None


def _fault_of_text(fields: Mapping[str, Any]) -> str | None:
    for field, (least, most) in _TEXT_LIMITS.items():
        if not least <= len(fields[field]) <= most:
            return f"{field!r} must be a text of {least} to {most} characters"
    return None if fields["licence"].strip() else "'licence' must name a licence"


def _fault_of_lists(fields: Mapping[str, Any], lists: Mapping[str, tuple[int, int]]) -> str | None:
    free = {"sources": (1, 8), "aliases": (0, 12), "covers": (0, 40)}
    for field, (least, most) in {**free, **lists}.items():
        lines = fields.get(field, [])
        if not isinstance(lines, list) or not least <= len(lines) <= most:
            return f"{field!r} must be a list of {least} to {most} lines"
        short, long = (2, 240) if field in free else _LINE_LIMIT
        if not all(isinstance(line, str) and short <= len(line) <= long for line in lines):
            return f"each line of {field!r} must have {short} to {long} characters"
    surplus = {"causes", "consequences", "variation"} & set(fields) - set(lists)
    return f"{min(surplus)!r} does not belong to a {fields['kind']}" if surplus else None


def by_id(entries: Sequence[Entry]) -> dict[str, Entry]:
    """Return the entries under their ids."""
    return {entry.id: entry for entry in entries}
