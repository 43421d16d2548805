"""The one interface of all methods.

``fit`` returns a fitted object instead of changing the detector, so "predict before fit" cannot
be written and two sessions share weights safely.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from adapp.core.results import AnomalyResult, Calibration, Provenance, Regime, RgbImage

Report: TypeAlias = Callable[[str, int, int], None]
"""Progress callback: stage name, steps done, steps in all. It may raise ``Cancelled``."""


@dataclass(frozen=True, slots=True, eq=False)
class SupportSet:
    """Normal images of one category; empty for zero-shot use."""

    category: str
    images: Sequence[RgbImage] = ()


class FittedDetector(Protocol):
    """A detector bound to one support set; immutable, so sessions can share the weights."""

    @property
    def provenance(self) -> Provenance:
        """What stands behind this detector's numbers."""
        ...

    def calibration(self) -> Calibration:
        """Return the support's own scores and the thresholds that follow from them."""
        ...

    def predict(self, query: RgbImage) -> AnomalyResult:
        """Score one query image; the maps come back at the query's own resolution."""
        ...

    def predict_batch(self, queries: Sequence[RgbImage]) -> list[AnomalyResult]:
        """Score several query images; same results as one by one, faster."""
        ...


class Detector(Protocol):
    """One anomaly-detection method with its weights loaded and frozen."""

    @property
    def name(self) -> str:
        """Registry key: "h2vlr", "kanoclip", "adseeker" or "raid"."""
        ...

    @property
    def variant(self) -> str:
        """Step of the ablation ladder this detector runs."""
        ...

    @property
    def regimes(self) -> frozenset[Regime]:
        """Support regimes the method is defined for."""
        ...

    def fit(self, support: SupportSet) -> FittedDetector:
        """Condition on ``support`` without any gradient step.

        Raises:
            UnsupportedRegime: If the regime the support implies is not in ``regimes``.
        """
        ...


@runtime_checkable
class ManyCategories(Protocol):
    """A detector whose one database can hold several categories and routes each query."""

    def fit_many(self, supports: Sequence[SupportSet]) -> FittedDetector:
        """Condition on the supports of several categories at once."""
        ...


@runtime_checkable
class Tunable(Protocol):
    """A fitted detector that can adapt its trained part to its own support."""

    def tune(self, report: Report | None = None) -> FittedDetector:
        """Return a copy tuned on the support with synthetic anomalies; ``self`` is unchanged."""
        ...


@runtime_checkable
class Growable(Protocol):
    """A fitted detector that takes one more normal picture without encoding the others again."""

    def with_normal(self, image: RgbImage) -> FittedDetector:
        """Return a detector whose support holds ``image`` too; ``self`` is unchanged."""
        ...
