"""Sentences that tell the user what weakens a run and what to do about it."""

from itertools import starmap

import numpy as np

from adapp.core.results import Calibration
from adapp.data.images import Intake, LoadedImage

_FEW_NORMALS = 4
_SCALE_RATIO = 1.5


def advice(intake: Intake, calibration: Calibration) -> tuple[str, ...]:
    """Return notes on the pictures and the calibration, most important first."""
    return (
        *_calibration_notes(calibration),
        *_odd_support_notes(calibration),
        *_size_notes(intake),
    )


def _calibration_notes(calibration: Calibration) -> list[str]:
    if calibration.basis == "augmented":
        lead = "Threshold is a guess: one normal picture gives no spread."
        return [f"{lead} Add 3 or more for calibration."]
    if calibration.basis == "generic":
        lead = "Generic scale: without normal pictures nothing says how normal parts score."
        return [f"{lead} Add 3 or more to calibrate the threshold."]
    return []


def _odd_support_notes(calibration: Calibration) -> list[str]:
    """Return a note if one normal picture scores far above all others.

    Far: by more than twice the spread of the others, which needs at least three others.
    """
    scores = np.asarray(calibration.normal_scores, dtype=np.float64)
    if calibration.basis != "leave_one_out" or len(scores) != calibration.n_normals:
        return []
    if len(scores) < _FEW_NORMALS:
        return []
    oddest = int(scores.argmax())
    others = np.delete(scores, oddest)
    spread = float(np.ptp(others))
    if scores[oddest] <= others.max() + 2.0 * max(spread, 0.01):
        return []
    return [
        (
            f"Normal picture {oddest + 1} scores {scores[oddest]:.2f}, the others at most "
            f"{others.max():.2f}. It widens the threshold: keep it, or remove it and run again."
        )
    ]


def _size_notes(intake: Intake) -> list[str]:
    if not intake.support:
        return []
    normal = intake.support[0]
    differing = [image for image in intake.query if _differs(image, normal)]
    if not differing:
        return []
    first = differing[0]
    others = f" (and {len(differing) - 1} more)" if len(differing) > 1 else ""
    return [
        (
            f"{first.name}{others} is {_size(first)}, the normal pictures are {_size(normal)}. "
            "The part then appears at another scale and scores higher everywhere: crop or take "
            "the pictures alike."
        )
    ]


def _differs(image: LoadedImage, normal: LoadedImage) -> bool:
    ratios = list(starmap(_ratio, zip(image.original_size, normal.original_size, strict=True)))
    return max(ratios) > _SCALE_RATIO


def _ratio(first: int, second: int) -> float:
    return max(first, second) / max(min(first, second), 1)


def _size(image: LoadedImage) -> str:
    height, width = image.original_size
    return f"{width}x{height}"
