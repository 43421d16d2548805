"""Fuse base and residual map anew with another weight; no model runs and no score changes."""

from dataclasses import replace

import numpy as np

from adapp.methods.registry import METHODS
from adapp.services.inspection import Inspection, QueryOutcome


def with_weight(outcome: QueryOutcome, weight: float) -> QueryOutcome:
    """Return ``outcome`` with its maps fused as ``clip(base + weight * residual, 0, 1)``.

    The score stays that of the method's own weight, which the new outcome remembers.
    """
    result = outcome.result
    if weight == result.residual_weight:
        return outcome
    fused = np.clip(result.base_map + np.float32(weight) * result.residual_map, 0.0, 1.0)
    return replace(
        outcome,
        result=replace(result, residual_weight=weight, fused_map=fused),
        scored_weight=scored_weight(outcome),
    )


def scored_weight(outcome: QueryOutcome) -> float:
    """Return the residual weight behind the outcome's score."""
    own = outcome.scored_weight
    return outcome.result.residual_weight if own is None else own


def adjustable_weight(inspection: Inspection) -> float | None:
    """Return the method's own residual weight if a view may change it, else None.

    A variant without a residual has nothing to weigh.
    """
    info = METHODS.get(inspection.request.method)
    if info is None or not info.residual_slider or not inspection.outcomes:
        return None
    if not inspection.outcomes[0].result.residual_map.any():
        return None
    return scored_weight(inspection.outcomes[0])


def reweighted(inspection: Inspection, weight: float) -> Inspection:
    """Return ``inspection`` with the maps of every outcome fused with ``weight``, and a note."""
    outcomes = tuple(with_weight(outcome, weight) for outcome in inspection.outcomes)
    if outcomes == inspection.outcomes:
        return inspection
    own = scored_weight(outcomes[0])
    note = (
        f"Fused maps, overlays and regions use the residual weight (eta) {weight:.2f} set by "
        f"hand; scores and verdicts stay those of {own:.2f}."
    )
    return replace(inspection, outcomes=outcomes, notes=(*inspection.notes, note))
