"""Sentences that tell the user what weakens a run and what to do about it."""

import numpy as np

from adapp.core.results import Calibration
from adapp.methods.registry import UNNAMED_PART, MethodInfo

_FEW_NORMALS = 4


def advice(calibration: Calibration) -> tuple[str, ...]:
    """Return notes on a run's calibration, most important first."""
    return (
        *_calibration_notes(calibration),
        *_odd_support_notes(calibration),
    )


def method_notes(info: MethodInfo, category: str, normals: int) -> tuple[str, ...]:
    """Return notes on how the method takes this run's part name and normal pictures.

    Args:
        info: The method.
        category: Name of the part as it was given.
        normals: Number of normal pictures.
    """
    told = []
    if info.uses_part_name and not category.strip():
        told.append(
            f'No part name was given: the prompts of {info.title} say "{UNNAMED_PART}". '
            'Type what the part is, for example "metal plate", and run again.'
        )
    if normals and not info.learns_support:
        told.append(
            f"{info.title} does not compare with normal parts: the {normals} given only "
            "calibrate the threshold, the maps are the same without them."
        )
    return tuple(told)


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
