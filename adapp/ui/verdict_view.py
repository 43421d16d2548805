"""The banner over a result: its verdict and the figures behind it; pure functions to HTML."""

from collections.abc import Sequence
from html import escape

from adapp.methods.registry import METHODS, UNNAMED_PART, MethodInfo
from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.regions import Region, Verdict
from adapp.ui.inspect_view import percent, plural

_ICONS = {
    "anomalous": '<path d="M7 7l10 10M17 7L7 17"/>',
    "normal": '<path d="M6 12.5l4 4 8-9"/>',
}
_BADGES = {
    "leave_one_out": (
        "calibrated",
        "Threshold from the normal pictures, each scored without itself",
    ),
    "augmented": ("uncalibrated", "One normal picture gives no spread: the threshold is a guess"),
    "generic": (
        "generic scale",
        (
            "No normal pictures: the thresholds are the method's general ones, set on its "
            "training data; they know nothing of your parts"
        ),
    ),
}


def verdict_html(
    inspection: Inspection, outcome: QueryOutcome, verdict: Verdict, regions: Sequence[Region]
) -> str:
    """Return the banner: a word, an icon and the figures behind them, drawn by code alone."""
    word = "ANOMALOUS" if verdict.anomalous else "NORMAL"
    facts = "".join(_facts(inspection, outcome, verdict, regions))
    return (
        f'<section class="verdict is-{verdict.label}" role="status" aria-live="polite">'
        f'<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">{_ICONS[verdict.label]}</svg>'
        f'<div class="word"><strong>{word}</strong>'
        f'<span title="{escape(outcome.image.name)}">{escape(outcome.image.name)}</span></div>'
        f'<dl class="facts">{facts}</dl></section>'
    )


def _facts(
    inspection: Inspection, outcome: QueryOutcome, verdict: Verdict, regions: Sequence[Region]
) -> list[str]:
    calibration, provenance = inspection.calibration, inspection.provenance
    area = sum(region.area_fraction for region in regions)
    times = "" if verdict.times_threshold is None else f"{verdict.times_threshold:.2f} x threshold"
    badge_title = _BADGES[calibration.basis][1]
    return [
        _fact(
            "unlikeness",
            f"{verdict.score:.3f}",
            times,
            "Anomaly score of the whole picture: how unlike normal parts it is. Not a "
            "probability of a defect",
        ),
        _fact("threshold", f"{verdict.threshold:.3f}", verdict.position, badge_title),
        _fact(
            "regions",
            str(len(regions)),
            f"{percent(area)} of area",
            "Connected sets of pixels above the region threshold",
        ),
        _calibrated(inspection),
        *_part(inspection),
        _method(inspection),
        _fact(
            "time",
            f"{outcome.seconds:.2f} s",
            f"on {_device(provenance.device)}",
            "Time of this picture's prediction alone",
        ),
    ]


def _calibrated(inspection: Inspection) -> str:
    """Return on how many normal pictures the thresholds stand, and how far that carries."""
    calibration = inspection.calibration
    badge, title = _BADGES[calibration.basis]
    count, info = calibration.n_normals, _info(inspection)
    if calibration.basis == "generic":
        return _fact(badge, "no normals", "generic threshold", f"{title}. {calibration.note}")
    detail = "the threshold alone" if info is not None and not info.learns_support else ""
    return _fact(badge, f"on {count} normal{plural(count)}", detail, f"{title}. {calibration.note}")


def _part(inspection: Inspection) -> list[str]:
    """Return what the prompts called the part, for methods that have prompts."""
    info = _info(inspection)
    if info is None or not info.uses_part_name:
        return []
    given = inspection.request.category.strip()
    title = "Name of the part in the method's prompts"
    return [_fact("part", given or UNNAMED_PART, "" if given else "no name given", title)]


def _method(inspection: Inspection) -> str:
    """Return the method with its variant and checkpoint beside its name."""
    provenance, info = inspection.provenance, _info(inspection)
    title = provenance.method.upper() if info is None else info.title
    trained = f"checkpoint {provenance.checkpoint}" if provenance.checkpoint else "nothing trained"
    tuned = ", tuned" if inspection.request.tune else ""
    return _fact("method", f"{title} {provenance.variant}", trained + tuned, provenance.licence)


def _info(inspection: Inspection) -> MethodInfo | None:
    return METHODS.get(inspection.provenance.method)


def _fact(name: str, value: str, detail: str, title: str) -> str:
    small = f"<small>{escape(detail)}</small>" if detail else ""
    return (
        f'<div title="{escape(title)}"><dt>{escape(name)}</dt><dd>{escape(value)}{small}</dd></div>'
    )


def _device(device: str) -> str:
    return "CPU" if device == "cpu" else device.replace("cuda", "GPU")
