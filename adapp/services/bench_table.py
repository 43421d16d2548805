"""The figures of ``bench`` as a table: what, ratio, and the absolute values behind it."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

Row: TypeAlias = tuple[str, str, str]
Figures: TypeAlias = dict[str, Any]

_HEADER: Row = ("figure", "ratio", "absolute")


def table(result: Figures) -> str:
    """Return the bench JSON as text, one figure a line."""
    rows = [_HEADER]
    for method, figures in result["methods"].items():
        rows += _method_rows(method, figures)
    rows += _app_rows(result["app"])
    rows += _knowledge_rows(result["knowledge"])
    machine = result["machine"]
    first = f"{machine['processor']}, {machine['cores']} cores, preset {result['preset']}"
    return "\n".join([first, *_aligned(rows)])


def _method_rows(method: str, figures: Figures) -> Iterator[Row]:
    for one in figures["throughput"]:
        ours, bare = one["method_pictures_per_second"], one["encoder_pictures_per_second"]
        yield (
            f"{method} {one['variant']} over its bare encoder, batch {one['batch']}",
            _times(one["ratio"]),
            f"{ours:.1f} / {bare:.1f} pictures/s",
        )
    if "retrieval" in figures:
        yield from _retrieval_rows(method, figures["retrieval"])


def _retrieval_rows(method: str, figures: Figures) -> Iterator[Row]:
    for one in figures["databases"]:
        size = f"{one['categories']} x {one['pictures']} pictures"
        took = one["time"]
        flat = ", ".join(f"{name} {_ms(s)}" for name, s in took["flat_seconds_by"].items())
        yield (
            f"{method} flat over hierarchical search, {size}",
            _times(took["ratio"]),
            f"{_ms(took['flat_seconds'])} / {_ms(took['hierarchical_seconds'])} ({flat})",
        )
        for name, auroc in one["auroc"].items():
            yield (
                f"{method} hierarchical - flat {name.replace('_', ' ')}, {size}",
                f"{auroc['difference']:+.3f}",
                f"{auroc['hierarchical']:.2f} / {auroc['flat']:.2f} %",
            )
    growth = figures.get("growth", {})
    for name in ("hierarchical", "flat"):
        if name in growth:
            before, after = growth["tokens"]
            yield (
                f"{method} {name} search, {before} to {after} tokens",
                _times(growth[name]["ratio"]),
                " to ".join(_ms(seconds) for seconds in growth[name]["seconds"]),
            )
    for one in figures.get("probes", []):
        quality = f"recall {one['recall']:.2f} %, map off by {one['map_difference']:.1e}"
        yield (
            f"{method} exact over {one['probes']} lists in a category",
            _times(one["ratio"]),
            f"{_ms(one['exact_seconds'])} / {_ms(one['seconds'])}, {quality}",
        )
    for pictures, reason in figures["skipped"].items():
        yield f"{method} retrieval, {pictures} pictures a category", "-", f"left out: {reason}"


def _app_rows(figures: Figures) -> Iterator[Row]:
    start, first, redraw = figures["start"], figures["first_map"], figures["redraw"]
    yield (
        "app start over Python with its packages",
        _times(start["ratio"]),
        f"{start['seconds']:.1f} / {start['bare_seconds']:.1f} s",
    )
    yield (
        "app start to first map over a later inspection",
        _times(first["ratio"]),
        f"{first['seconds_from_start']:.1f} / {first['later_seconds']:.2f} s",
    )
    took = f"{_ms(redraw['seconds'])} / {_ms(redraw['inspection_seconds'])}"
    yield (
        f"threshold redraw over inspecting again, {redraw['megapixels']:.1f} Mpx",
        _times(redraw["ratio"]),
        f"{took} (and {_ms(redraw['png_seconds'])} as PNG)",
    )
    loaded, used = figures["memory_after_start"], figures["memory_after_inspections"]
    yield (
        "app memory after start over its packages alone",
        _times(loaded["ratio"]),
        f"{_mega(loaded['bytes'])} / {_mega(loaded['bare_bytes'])}",
    )
    seen = f"{_mega(used['bytes_after_each_part_once'])} with its {used['parts']} parts seen once"
    yield (
        f"app memory after {used['inspections']} inspections over after start",
        _times(used["ratio"]),
        f"{_mega(used['bytes'])} / {_mega(used['bytes_after_start'])} ({seen})",
    )


def _knowledge_rows(figures: Figures) -> Iterator[Row]:
    few, many = figures["pages"][0], figures["pages"][-1]
    yield (
        f"finding pages and prompt, {many['pages']} over {few['pages']} pages",
        _times(figures["ratio"]),
        f"{_ms(many['seconds'])} / {_ms(few['seconds'])}",
    )
    keys = figures["encoding"]
    yield (
        "keys of a question over finding its pages",
        _times(keys["seconds"] / few["seconds"]),
        f"{_ms(keys['seconds'])} / {_ms(few['seconds'])} ({keys['pictures']} pictures encoded)",
    )


def _aligned(rows: Iterable[Row]) -> list[str]:
    lines = list(rows)
    widest = max(len(row[0]) for row in lines)
    return [f"{what:<{widest}}  {ratio:>8}  {absolute}" for what, ratio, absolute in lines]


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


def _mega(size: int | None) -> str:
    return "-" if size is None else f"{size / 1e6:.0f} MB"
