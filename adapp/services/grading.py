"""Pass, review or fail, and how far the normals behind a threshold carry; never a probability."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from adapp.core.results import Calibration

Grade: TypeAlias = Literal["pass", "review", "fail"]
BadgeLevel: TypeAlias = Literal["none", "one", "few", "enough"]

ENOUGH = 4
"""Normal pictures from which on a threshold counts as calibrated."""

_GENERIC_SHARE = 0.8  # without normals, scores from this share of the threshold on are unsure


@dataclass(frozen=True, slots=True)
class Badge:
    """How far a calibration can be trusted.

    Attributes:
        level: By number of normals: none, one, two or three, four and more.
        word: What the page calls it.
        title: What that means, one sentence.
        promise: Fewest false alarms that so many normals can support; empty where they support
            none.
    """

    level: BadgeLevel
    word: str
    title: str
    promise: str


def badge(calibration: Calibration) -> Badge:
    """Return how far the thresholds of ``calibration`` can be trusted."""
    if calibration.basis == "generic":
        return Badge(
            "none",
            "generic scale",
            "No normal pictures: the thresholds are the method's general ones, set on its "
            "training data; they know nothing of your parts",
            "",
        )
    if calibration.basis == "augmented":
        return Badge(
            "one",
            "uncalibrated",
            "One normal picture gives no spread: the threshold is a guess",
            "",
        )
    count = len(calibration.normal_scores)
    promise = f"at best 1 false alarm in {count + 1}"
    if count < ENOUGH:
        title = f"Rough: {count} normal pictures, each scored without itself; add more"
        return Badge("few", "roughly calibrated", title, promise)
    title = "Threshold from the normal pictures, each scored without itself"
    return Badge("enough", "calibrated", title, promise)


def review_limit(calibration: Calibration) -> float:
    """Return the score from which on a part that still passes should be looked at by a person.

    With normals it is the highest score that one of them reaches without itself: above it no
    normal has been seen, below the threshold lies the margin. Without, it is 0.8 times the
    threshold.
    """
    if not calibration.normal_scores or calibration.basis == "generic":
        return _GENERIC_SHARE * calibration.image_threshold
    return min(max(calibration.normal_scores), calibration.image_threshold)


def grade(score: float, review: float, fail: float) -> Grade:
    """Return ``fail`` above ``fail``, ``review`` above ``review``, else ``pass``."""
    if score > fail:
        return "fail"
    return "review" if score > review else "pass"
