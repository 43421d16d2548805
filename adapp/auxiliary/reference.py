"""Reference rows behind the common interface: the linear floor and the bridge's own text map.

They are no methods of the app. ``evaluate`` takes them by name, so that a method's table can hold
them beside it, measured on the same pictures with the same code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from adapp.auxiliary import bridge_training, linear_floor
from adapp.auxiliary.linear_floor import LinearFloor
from adapp.auxiliary.names import readable
from adapp.auxiliary.prompts import static_prompts
from adapp.auxiliary.text_map import ImageHead, map_statistics, pooled_logits, text_logits
from adapp.backbones.base import ImageBackbone, ImageFeatures, JointSpace, TextFeatures
from adapp.backbones.bridge import bridge_tensors
from adapp.backbones.cache import cached
from adapp.backbones.factory import create, create_joint
from adapp.core.detector import SupportSet
from adapp.core.errors import CheckpointMismatch, UsageError
from adapp.core.results import AnomalyResult, Calibration, Provenance, Regime, RgbImage
from adapp.core.settings import Settings
from adapp.ops.maps import smooth_pixel_maps, top_percent_score
from adapp.training.checkpoint import Checkpoint, load_checkpoint

CHUNK: Final = 8
HEAD: Final = "head."
"""Where a bridge's checkpoint keeps its image head."""
SIGMA: Final = 4.0
"""Smoothing of the maps on the encoder's square, pixels, as everywhere else."""


class Scorer(Protocol):
    """Turns the features of a batch into maps and scores."""

    def logits(self, features: ImageFeatures, part: str) -> tuple[Tensor, Tensor]:
        """Return log-odds of the cells, [B, N], and of the pictures, [B]."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FloorScorer:
    """The linear floor; it does not look at the part's name.

    Attributes:
        floor: Fitted classifier.
        variant: ``top`` or ``median``.
    """

    floor: LinearFloor
    variant: str

    def logits(self, features: ImageFeatures, part: str) -> tuple[Tensor, Tensor]:
        """Return log-odds of the cells, [B, N], and of the pictures, [B]."""
        del part
        cells = self.floor.maps(features.patches)
        scores = top_percent_score(cells[:, None])
        if self.variant == "median":
            scores = scores - cells.median(dim=1).values
        return cells, scores


@dataclass(frozen=True, slots=True, eq=False)
class TextScorer:
    """The bridge with static prompts, averaged into one normal and one anomalous vector.

    Attributes:
        space: Text tower and trained bridge.
        head: Trained image head.
        variant: ``top`` or ``head``.
    """

    space: JointSpace
    head: ImageHead
    variant: str

    def logits(self, features: ImageFeatures, part: str) -> tuple[Tensor, Tensor]:
        """Return log-odds of the cells, [B, N], and of the pictures, [B]."""
        space = self.space
        normal, anomalous = (_mean(space.encode_texts(told)) for told in static_prompts(part))
        temperature = torch.tensor(space.temperature)
        stages = text_logits(
            space.project(features.patches),
            normal.stages[:, 0],
            anomalous.stages[:, 0],
            temperature,
        )
        cells = stages.mean(dim=0)
        if self.variant == "top":
            return cells, top_percent_score(cells[:, None])
        whole = pooled_logits(
            space.project_pooled(features.pooled), normal.pooled, anomalous.pooled, temperature
        )
        scores: Tensor = self.head(map_statistics(cells, whole))
        return cells, scores


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceDetector:
    """A reference row with its weights loaded and frozen.

    Attributes:
        backbone: Frozen encoder.
        scorer: What turns features into maps and scores.
        provenance: What stands behind the numbers.
    """

    backbone: ImageBackbone
    scorer: Scorer
    provenance: Provenance

    @property
    def name(self) -> str:
        """Name of the reference."""
        return self.provenance.method

    @property
    def variant(self) -> str:
        """How pictures are scored."""
        return self.provenance.variant

    @property
    def size(self) -> int:
        """Side of the square that pictures are squashed to, in pixels."""
        return self.backbone.size

    @property
    def regimes(self) -> frozenset[Regime]:
        """Normal pictures are of no use to it."""
        return frozenset({"zero_shot"})

    def fit(self, support: SupportSet) -> "FittedReference":
        """Return the detector bound to the part's name; pictures are not looked at."""
        return FittedReference(self, readable(support.category))


@dataclass(frozen=True, slots=True, eq=False)
class FittedReference:
    """A reference row that knows the part's name; immutable."""

    detector: ReferenceDetector
    part: str

    @property
    def provenance(self) -> Provenance:
        """What stands behind the numbers."""
        return self.detector.provenance

    def calibration(self) -> Calibration:
        """Return even odds as thresholds: there is no support to learn better ones from."""
        note = "Even odds of the auxiliary training pictures; nothing is known of these parts."
        return Calibration((), 0.5, 0.5, 0, "generic", note)

    def predict(self, query: RgbImage) -> AnomalyResult:
        """Score one query picture; the maps come back at its own resolution."""
        return self.predict_batch([query])[0]

    def predict_batch(self, queries: Sequence[RgbImage]) -> list[AnomalyResult]:
        """Score several query pictures."""
        results: list[AnomalyResult] = []
        for start in range(0, len(queries), CHUNK):
            results.extend(self._predict_chunk(queries[start : start + CHUNK]))
        return results

    def _predict_chunk(self, queries: Sequence[RgbImage]) -> list[AnomalyResult]:
        backbone = self.detector.backbone
        features = backbone.encode_rgb(queries)
        with torch.no_grad():
            cells, scores = self.detector.scorer.logits(features, self.part)
        grids = cells.sigmoid().reshape(-1, 1, *features.grid)
        results = []
        for query, grid, score in zip(queries, grids, scores.sigmoid(), strict=True):
            size = (query.shape[0], query.shape[1])
            smooth = smooth_pixel_maps(grid[None], backbone.size, SIGMA, size)[0, 0].clamp(0, 1)
            fused = smooth.cpu().numpy()
            results.append(
                AnomalyResult(
                    base_map=fused,
                    residual_map=np.zeros_like(fused),
                    residual_weight=1.0,
                    fused_map=fused,
                    score=float(score),
                    score_range=(0.0, 1.0),
                    provenance=self.provenance,
                    category=self.part,
                )
            )
        return results


def build(
    name: str, preset: str, checkpoint: str, variant: str | None, size: int | None, seed: int
) -> ReferenceDetector:
    """Return the reference ``name``.

    Args:
        name: ``linear_floor`` or ``bridge``.
        preset: Frozen encoder.
        checkpoint: A file, or ``open`` or ``research`` for the shipped bridge.
        variant: How pictures are scored; None takes the reference's last.
        size: Side of the encoder's square; None takes the preset's own.
        seed: Goes into the provenance; nothing is random.

    Raises:
        UsageError: If the variant does not exist.
        ModelUnavailable: If the encoder's weights or the checkpoint are absent.
        CheckpointMismatch: If the checkpoint is of something else.
    """
    variants = bridge_training.VARIANTS if name == bridge_training.NAME else linear_floor.VARIANTS
    chosen = variant or variants[-1]
    if chosen not in variants:
        msg = f"{name} has no variant {chosen!r}; choose one of {', '.join(variants)}"
        raise UsageError(msg)
    settings = Settings()
    path = Path(checkpoint).expanduser()
    if checkpoint in {"open", "research"}:
        path = settings.checkpoints_dir / f"{name}-{preset}-{checkpoint}.safetensors"
    loaded = load_checkpoint(path)
    if loaded.card.get("method") != name or loaded.card.get("preset") != preset:
        told = f"{loaded.card.get('method')} on {loaded.card.get('preset')}"
        msg = f"{path.name} is for {told}, not for {name} on {preset}"
        raise CheckpointMismatch(msg)
    backbone = cached(create(preset, "kanoclip", size=size, settings=settings), settings)
    scorer = _scorer(name, preset, loaded, chosen)
    return ReferenceDetector(backbone, scorer, _provenance(name, chosen, loaded, backbone, seed))


def _scorer(name: str, preset: str, loaded: Checkpoint, variant: str) -> Scorer:
    """Return what ``loaded`` holds.

    Raises:
        CheckpointMismatch: If tensors are missing or of the wrong shape.
    """
    if name == linear_floor.NAME:
        return FloorScorer(linear_floor.restored(loaded.state), variant)
    head = ImageHead()
    kept = {k.removeprefix(HEAD): t for k, t in loaded.state.items() if k.startswith(HEAD)}
    try:
        head.load_state_dict(kept, strict=True)
    except RuntimeError as error:
        msg = f"{loaded.path.name} holds no image head of this version; train it again"
        raise CheckpointMismatch(msg) from error
    head.requires_grad_(requires_grad=False).eval()
    space = create_joint(preset, "kanoclip", bridge=bridge_tensors(loaded.state), device="cpu")
    return TextScorer(space, head, variant)


def _provenance(
    name: str, variant: str, loaded: Checkpoint, backbone: ImageBackbone, seed: int
) -> Provenance:
    names = loaded.card.get("trained_on", [])
    return Provenance(
        method=name,
        variant=variant,
        preset=backbone.preset,
        backbone=backbone.identity,
        checkpoint=str(loaded.card.get("name")),
        checkpoint_sha256=loaded.sha256,
        trained_on=tuple(str(one) for one in names) if isinstance(names, list) else (),
        licence=str(loaded.card.get("licence", "")),
        seed=seed,
        device=str(backbone.device),
        dtype=backbone.dtype_name,
    )


def _mean(features: TextFeatures) -> TextFeatures:
    """Return the mean of the prompts as one prompt, unit norm."""
    return TextFeatures(
        functional.normalize(features.stages.mean(dim=1, keepdim=True), dim=-1),
        functional.normalize(features.pooled.mean(dim=0, keepdim=True), dim=-1),
    )
