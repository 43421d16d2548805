"""The banner over a result: its verdict and the figures behind it; pure functions to HTML."""

from collections.abc import Sequence
from html import escape

from adapp.methods.registry import METHODS, UNNAMED_PART, MethodInfo
from adapp.services.grading import badge, grade, review_limit
from adapp.services.inspection import Inspection, QueryOutcome
from adapp.services.regions import Region, Verdict
from adapp.ui.inspect_view import percent, plural

_ICONS = {
    "anomalous": '<path d="M7 7l10 10M17 7L7 17"/>',
    "normal": '<path d="M6 12.5l4 4 8-9"/>',
}
_GRADES = {
    "pass": "Below the review limit: as unlike as your normal parts are among themselves",
    "review": "Between the two limits: no normal part was seen there, a person should look",
    "fail": "Above the verdict threshold",
}


def verdict_html(
    inspection: Inspection,
    outcome: QueryOutcome,
    verdict: Verdict,
    regions: Sequence[Region],
    review: float | None = None,
) -> str:
    """Return the banner: a word, an icon and the figures behind them, drawn by code alone.

    Args:
        inspection: The run.
        outcome: The picture.
        verdict: What its score says.
        regions: Its regions.
        review: Score from which on a person should look; None takes the calibrated one.
    """
    word = "ANOMALOUS" if verdict.anomalous else "NORMAL"
    lower = review_limit(inspection.calibration) if review is None else review
    judged = grade(verdict.score, min(lower, verdict.threshold), verdict.threshold)
    facts = "".join(_facts(inspection, outcome, verdict, regions))
    return (
        f'<section class="verdict is-{verdict.label} is-{judged}" role="status" aria-live="polite">'
        f'<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">{_ICONS[verdict.label]}</svg>'
        f'<div class="word"><p><strong>{word}</strong> '
        f'<em title="{_GRADES[judged]}">{judged}</em></p>'
        f'<span title="{escape(outcome.image.name)}">{escape(outcome.image.name)}</span></div>'
        f'<dl class="facts">{facts}</dl></section>'
    )


def _facts(
    inspection: Inspection, outcome: QueryOutcome, verdict: Verdict, regions: Sequence[Region]
) -> list[str]:
    calibration, provenance = inspection.calibration, inspection.provenance
    area = sum(region.area_fraction for region in regions)
    times = "" if verdict.times_threshold is None else f"{verdict.times_threshold:.2f} x threshold"
    badge_title = badge(calibration).title
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
    found = badge(calibration)
    count, info = calibration.n_normals, _info(inspection)
    title = f"{found.title}. {calibration.note}"
    if found.level == "none":
        return _fact(found.word, "no normals", "generic threshold", title)
    alone = info is not None and not info.learns_support
    detail = "the threshold alone" if alone else found.promise
    return _fact(found.word, f"on {count} normal{plural(count)}", detail, title)


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
