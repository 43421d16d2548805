"""What a method says about one query image: the types every service and view agrees on.

Shape letters, used in every docstring of the package:
    B batch, S encoder stage, N patches, D channels, K neighbours, E hyperedges,
    H x W pixels of the query, h x w cells of the patch grid (N = h * w, row-major).

Conventions: images are RGB ``uint8``; axes are (row, column), origin top left; map cells are
pixel-aligned with the query; larger always means more anomalous. Nothing here imports torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

RgbImage: TypeAlias = NDArray[np.uint8]  # [H, W, 3]
AnomalyMap: TypeAlias = NDArray[np.float32]  # [H, W]
BinaryMask: TypeAlias = NDArray[np.bool_]  # [H, W]
Regime: TypeAlias = Literal["zero_shot", "few_shot", "full_shot"]
CalibrationBasis: TypeAlias = Literal["leave_one_out", "augmented", "generic"]
_FUSION_ERROR = 2e-5  # rounding of float32 maps


@dataclass(frozen=True, slots=True)
class TypeAccuracy:
    """How often the right type of defect was named, on defects that the naming had not seen.

    Attributes:
        first: Share of defects whose type was named first, every type weighing the same, [0, 1].
        among_three: Share whose type was among the first three, likewise.
        chance_first: What guessing would reach of ``first``.
        chance_among_three: What guessing would reach of ``among_three``.
        defects: Defects behind it.
        types: Types that occur among them.
        setting: On what it was measured, as a part of a sentence.
    """

    first: float
    among_three: float
    chance_first: float
    chance_among_three: float
    defects: int
    types: int
    setting: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What produced a number, so that no result can pass for another one's.

    Attributes:
        method: Registry key of the method.
        variant: Step of the method's ablation ladder that ran.
        preset: ``embedded``, ``paper`` or ``tiny``.
        backbone: Source, architecture and weights of the frozen encoder.
        checkpoint: Name of the checkpoint (``open``, ``research``, a file name); None if the
            variant has no trained part.
        checkpoint_sha256: Content hash of that checkpoint; None as above.
        trained_on: Names of the training sets in the checkpoint's card.
        licence: What the training data allows, one sentence.
        seed: Seed of everything random in the run.
        device: ``cpu`` or ``cuda:N``.
        dtype: Arithmetic of the frozen encoder, e.g. ``bfloat16``.
        fallbacks: Every deviation from what was asked for, one sentence each.
        type_accuracy: How often its types of defect are right; None if it names none or if that
            was not measured.
    """

    method: str
    variant: str
    preset: str
    backbone: str
    checkpoint: str | None
    checkpoint_sha256: str | None
    trained_on: tuple[str, ...]
    licence: str
    seed: int
    device: str
    dtype: str
    fallbacks: tuple[str, ...] = ()
    type_accuracy: TypeAccuracy | None = None


@dataclass(frozen=True, slots=True)
class PixelReading:
    """One pixel of a result, decomposed: ``fused = clip(base + weight * residual)``."""

    base: float
    residual: float
    weight: float
    fused: float


@dataclass(frozen=True, slots=True, eq=False)
class NearestNormal:
    """For every patch of the query, the most similar patch of the support.

    Attributes:
        support_index: Position of the matched picture in the support set, [h, w] int32.
        row: Centre of the matched patch as a fraction of that picture's height, [h, w] in [0, 1].
        column: Centre of the matched patch as a fraction of its width, [h, w] in [0, 1].
        cost: 1 - cosine similarity of the pair, [h, w] in [0, 2].
        normal_cost: Largest such cost that the support's own patches show (leave-one-out).
        patch_fraction: Height and width of one patch as fractions of the picture.
    """

    support_index: NDArray[np.int32]
    row: NDArray[np.float32]
    column: NDArray[np.float32]
    cost: NDArray[np.float32]
    normal_cost: float
    patch_fraction: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Hyperedges:
    """Why a hypergraph method read a patch as it did: the hyperedges over one query's patches.

    Patches are counted row-major over the grid. T prompts, K members of a hyperedge.

    Attributes:
        grid: Patch grid (h, w), N = h * w.
        neighbours: Structural hyperedge of every patch: its most similar patches of the same
            picture, itself left out, [N, K] int32, best first.
        similarity: Their cosine, [N, K].
        prompts: Text of every prompt with a semantic hyperedge, T of them.
        abnormal: Whether the prompt describes a defect, [T] bool.
        claimed: Patches that each prompt claims, [T, K] int32, best first.
        claim_similarity: Their cosine to the prompt, [T, K].
        weights: Hyperedge weight of every prompt, [T]; 1 on average.

    Raises:
        ValueError: If the shapes contradict each other.
    """

    grid: tuple[int, int]
    neighbours: NDArray[np.int32]
    similarity: NDArray[np.float32]
    prompts: tuple[str, ...]
    abnormal: NDArray[np.bool_]
    claimed: NDArray[np.int32]
    claim_similarity: NDArray[np.float32]
    weights: NDArray[np.float32]

    def __post_init__(self) -> None:
        cells, prompts = self.grid[0] * self.grid[1], len(self.prompts)
        fits = (
            self.neighbours.shape == self.similarity.shape
            and self.neighbours.shape[0] == cells
            and self.claimed.shape == self.claim_similarity.shape
            and self.claimed.shape[0] == prompts
            and self.abnormal.shape == self.weights.shape == (prompts,)
        )
        if not fits:
            msg = f"hyperedges do not fit {cells} patches and {prompts} prompts"
            raise ValueError(msg)

    def claims_on(self, patch: int) -> tuple[int, ...]:
        """Return the prompts that claim ``patch``, heaviest hyperedge first."""
        found = np.flatnonzero((self.claimed == patch).any(axis=1))
        order = np.argsort(-self.weights[found], kind="stable")
        return tuple(int(prompt) for prompt in found[order])


@dataclass(frozen=True, slots=True, eq=False)
class DefectTypes:
    """Which type of defect each patch of a query looks like, if it is a defect.

    Attributes:
        names: Canonical types, T of them, and "" last for "none of these".
        logits: Unnormalised log-probabilities of every patch, [h, w, T + 1] float32; those of a
            region are the mean of its patches'.
        chosen: The type that the evidence map ``type`` is about; "" if there is no such map, or
            not one type all over it.
        outlines: What a region's form says of the named types: weights of its readings and, last,
            an offset, [K + 1, T] float32; without rows the form is not heard.

    Raises:
        ValueError: If the shapes disagree or "none of these" is not last.
    """

    names: tuple[str, ...]
    logits: NDArray[np.float32]
    chosen: str = ""
    outlines: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def __post_init__(self) -> None:
        if len(self.outlines) and self.outlines.shape[1] != len(self.names) - 1:
            msg = f"outline weights {self.outlines.shape} do not fit {len(self.names) - 1} types"
            raise ValueError(msg)
        if self.logits.ndim != 3 or self.logits.shape[2] != len(self.names):
            msg = f"logits {self.logits.shape} do not fit {len(self.names)} types"
            raise ValueError(msg)
        if not self.names or self.names[-1]:
            msg = 'the last type must be "", which stands for "none of these"'
            raise ValueError(msg)

    @property
    def grid(self) -> tuple[int, int]:
        """Patch grid (h, w)."""
        return self.logits.shape[0], self.logits.shape[1]

    @property
    def hears_outlines(self) -> bool:
        """Whether a region's form says something of its type."""
        return len(self.outlines) > 0

    def ranked(
        self, weights: NDArray[np.float32], readings: NDArray[np.float32] | None = None
    ) -> tuple[tuple[str, float], ...]:
        """Return every type with its probability in a region, most probable first.

        Args:
            weights: How much each patch belongs to the region, [h, w], not negative; zeros
                everywhere mean the whole picture.
            readings: The region's form, [K] (``ops.outline``); it ranks the named types, whether
                the region is any of them stays with the patches. None leaves it out.

        Raises:
            ValueError: If ``weights`` does not fit the grid.
        """
        if weights.shape != self.grid:
            msg = f"weights {weights.shape} do not fit the patch grid {self.grid}"
            raise ValueError(msg)
        total = float(weights.sum())
        share = weights / total if total > 0 else np.full(self.grid, 1.0 / weights.size)
        pooled = np.tensordot(share.astype(np.float64), self.logits, axes=2)
        if readings is not None and self.hears_outlines:
            told = readings.astype(np.float64) @ self.outlines[:-1] + self.outlines[-1]
            top = told.max()
            pooled[:-1] += told - top - np.log(np.exp(told - top).mean())
        raised = np.exp(pooled - pooled.max())
        probabilities = raised / raised.sum()
        order = np.argsort(-probabilities, kind="stable")
        return tuple((self.names[row], float(probabilities[row])) for row in order)


@dataclass(frozen=True, slots=True, eq=False)
class AnomalyResult:
    """What a method says about one query image.

    Attributes:
        base_map: First estimate before the method's own refinement, [H, W] in [0, 1].
        residual_map: Signed correction by that refinement, [H, W] in [-1, 1]; zeros if none.
        residual_weight: Factor on the residual (eta in H2VLR eq. 7; 1 elsewhere).
        fused_map: ``clip(base_map + residual_weight * residual_map, 0, 1)``, [H, W].
        score: Image-level anomaly score. Ranks images of one run; not a probability.
        score_range: Bounds ``score`` can reach (KAnoCLIP eq. 12 reaches 2, the others 1).
        provenance: Method, backbone, weights and seed behind the numbers.
        evidence: Named intermediate maps for the inspector view, each [H, W] in [0, 1].
        nearest_normal: Patch correspondences with the support; None for zero-shot methods.
        hyperedges: Hyperedges over the query's patches; None for methods without a hypergraph.
        defect_types: Types of defect, patch by patch; None for methods that tell none.
        category: Category the query was compared with (a database routes by itself).

    Raises:
        ValueError: If the maps differ in shape, the fusion identity fails (NaN included),
            or ``score`` leaves ``score_range``.
    """

    base_map: AnomalyMap
    residual_map: AnomalyMap
    residual_weight: float
    fused_map: AnomalyMap
    score: float
    score_range: tuple[float, float]
    provenance: Provenance
    evidence: Mapping[str, AnomalyMap] = field(default_factory=dict[str, AnomalyMap])
    nearest_normal: NearestNormal | None = None
    hyperedges: Hyperedges | None = None
    defect_types: DefectTypes | None = None
    category: str = ""

    def __post_init__(self) -> None:
        shapes = {self.base_map.shape, self.residual_map.shape, self.fused_map.shape}
        if len(shapes) != 1:
            msg = f"maps must share one [H, W] shape, got {sorted(shapes)}"
            raise ValueError(msg)
        wrong = self.residual_map * self.residual_weight
        wrong += self.base_map
        wrong.clip(0.0, 1.0, out=wrong)
        wrong -= self.fused_map
        if not float(np.abs(wrong, out=wrong).max()) <= _FUSION_ERROR:  # NaN fails here too
            msg = "fused_map is not clip(base_map + residual_weight * residual_map, 0, 1)"
            raise ValueError(msg)
        low, high = self.score_range
        if not low <= self.score <= high:
            msg = f"score {self.score} lies outside its range [{low}, {high}]"
            raise ValueError(msg)

    def at(self, row: int, col: int) -> PixelReading:
        """Return the terms behind one map pixel; the view calls this on a click."""
        return PixelReading(
            base=float(self.base_map[row, col]),
            residual=float(self.residual_map[row, col]),
            weight=self.residual_weight,
            fused=float(self.fused_map[row, col]),
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the support says about normal scores: the ground under every threshold.

    Attributes:
        normal_scores: Image scores of normal pictures, each scored without itself in the support.
        image_threshold: Score above which a picture is called anomalous.
        pixel_threshold: Fused-map value above which a pixel belongs to a region.
        n_normals: Number of support pictures behind it.
        basis: ``leave_one_out`` (two or more normals), ``augmented`` (one), ``generic`` (none).
        note: One honest sentence on what the threshold can be trusted for.
    """

    normal_scores: tuple[float, ...]
    image_threshold: float
    pixel_threshold: float
    n_normals: int
    basis: CalibrationBasis
    note: str
