"""H2VLR behind the common interface: pictures in, three maps and their evidence out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.backbones.preprocess import squashed
from adapp.core.detector import FittedDetector, Report, SupportSet
from adapp.core.errors import UnsupportedRegime, UsageError
from adapp.core.results import (
    AnomalyMap,
    AnomalyResult,
    Calibration,
    Hyperedges,
    NearestNormal,
    Provenance,
    Regime,
    RgbImage,
)
from adapp.data.augment import mild_views
from adapp.methods.calibrating import thresholds
from adapp.methods.h2vlr.comparison import Comparison
from adapp.methods.h2vlr.config import H2vlrConfig, Variant
from adapp.methods.h2vlr.encoding import CHUNK, Tokens, encode
from adapp.methods.h2vlr.gallery import SupportGallery, widened
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.prompts import prompts_for
from adapp.methods.h2vlr.reasoning import CellMaps, residual_of
from adapp.methods.h2vlr.support import (
    EncodedSupport,
    SupportState,
    encode_support,
    gallery_of,
    inspect_tokens,
    make_state,
    support_context,
)
from adapp.methods.h2vlr.tuning import tuned_network
from adapp.ops.maps import fuse_residual, smooth_pixel_maps
from adapp.training.checkpoint import content_sha256

ADVICE = (
    "H2VLR compares with normal parts: add 1 to 16 pictures of good parts, "
    "or choose a method that needs none."
)
PROBED = 8
"""Support pictures that are scored without themselves for the thresholds, at most."""
VIEWS = 4
"""Mild views that stand in for other normals when there is a single one."""


@dataclass(frozen=True, slots=True, eq=False)
class H2vlrDetector:
    """H2VLR with its weights loaded and frozen.

    Attributes:
        backbone: Frozen image encoder.
        space: Frozen space of patches and prompts.
        network: Trained parts in evaluation mode; None for ``sab``.
        config: Every constant.
        variant: Step of the ablation ladder.
        provenance: What stands behind the numbers.
        seed: Seed of the mild views and of tuning.
    """

    backbone: ImageBackbone
    space: JointSpace
    network: H2vlrNetwork | None
    config: H2vlrConfig
    variant: Variant
    provenance: Provenance
    seed: int

    @property
    def name(self) -> str:
        """Registry key."""
        return "h2vlr"

    @property
    def size(self) -> int:
        """Side of the square that pictures are squashed to, in pixels."""
        return self.backbone.size

    @property
    def regimes(self) -> frozenset[Regime]:
        """H2VLR needs at least one normal picture."""
        return frozenset({"few_shot", "full_shot"})

    def fit(self, support: SupportSet) -> "FittedH2vlr":
        """Return the detector bound to one category's normal pictures; no gradient step.

        Raises:
            UnsupportedRegime: If there is no normal picture.
        """
        if len(support.images) == 0:
            raise UnsupportedRegime(ADVICE)
        images = tuple(squashed(image, self.backbone.size) for image in support.images)
        encoded = encode_support(images, self.backbone, self.space, self.config)
        views = None
        if len(images) == 1:
            shown = mild_views(images[0], VIEWS, self.seed)
            views = encode(shown, self.backbone, self.space, self.config)
        gallery = self.gallery(encoded, views)
        return self.fitted(support.category, images, encoded, gallery, views)

    def gallery(self, encoded: EncodedSupport, views: Tokens | None) -> SupportGallery:
        """Return the gallery of an encoded support; ``views`` are those of a single picture."""
        dtype = self.config.search_dtype(self.backbone.dtype_name)
        gallery = gallery_of(encoded, self.config, dtype)
        return gallery if views is None else widened(gallery, views.visual, self.config)

    def fitted(
        self,
        category: str,
        images: Sequence[RgbImage],
        encoded: EncodedSupport,
        gallery: SupportGallery,
        views: Tokens | None,
    ) -> "FittedH2vlr":
        """Return the detector bound to an encoded support: the prompts are made here."""
        with torch.no_grad():
            context = support_context(encoded.upright.pooled, self.network, self.variant)
            direction = None
            if self.network is not None and self.variant == "full":
                direction = self.network.direction
            state = make_state(
                gallery,
                encoded,
                prompts_for(category),
                context,
                self.space,
                self.config,
                direction,
            )
        return FittedH2vlr(self, category, tuple(images), encoded, state, views)


@dataclass(frozen=True, slots=True, eq=False)
class FittedH2vlr:
    """H2VLR bound to one support; immutable.

    Attributes:
        detector: Weights and constants.
        category: Category of the support.
        images: Support pictures as the encoder sees them.
        encoded: The same, encoded.
        state: What queries are held against.
        views: Mild views that stand for the next normal part where there is a single support.
    """

    detector: H2vlrDetector
    category: str
    images: tuple[RgbImage, ...]
    encoded: EncodedSupport
    state: SupportState
    views: Tokens | None

    @property
    def provenance(self) -> Provenance:
        """What stands behind this detector's numbers."""
        return self.detector.provenance

    def calibration(self) -> Calibration:
        """Return the support's own scores and the thresholds that follow from them."""
        scores, peaks = [], []
        for tokens, state in self._probes():
            _, cells = self._inspected(tokens, state)
            scores.append(float(cells.scores[0].clamp(0, 1)))
            base, residual, _ = self._pixel_maps(cells, 0, None)
            peaks.append(float((base + self.residual_weight * residual).max().clamp(0, 1)))
        config, count = self.detector.config, len(self.images)
        return thresholds(scores, peaks, [count], config.margin, config.pixel_floor)

    def predict(self, query: RgbImage) -> AnomalyResult:
        """Score one query picture; the maps come back at its own resolution."""
        return self.predict_batch([query])[0]

    @torch.inference_mode()
    def predict_batch(self, queries: Sequence[RgbImage]) -> list[AnomalyResult]:
        """Score several query pictures."""
        detector, results = self.detector, []
        for start in range(0, len(queries), CHUNK):
            chunk = queries[start : start + CHUNK]
            tokens = encode(chunk, detector.backbone, detector.space, detector.config)
            found, cells = self._inspected(tokens, self.state)
            results += [self._result(q, found, cells, row) for row, q in enumerate(chunk)]
        return results

    def with_normal(self, image: RgbImage) -> FittedDetector:
        """Return a detector whose support holds ``image`` too; only ``image`` is encoded."""
        detector, picture = self.detector, squashed(image, self.detector.backbone.size)
        encoded = self.encoded.joined([picture], detector.backbone, detector.space, detector.config)
        gallery = detector.gallery(encoded, None)
        return detector.fitted(self.category, (*self.images, picture), encoded, gallery, None)

    def tune(self, report: Report | None = None) -> FittedDetector:
        """Return a copy adapted to the support with synthetic anomalies; ``self`` is unchanged.

        Raises:
            UsageError: If the variant has nothing to tune.
        """
        detector = self.detector
        if detector.network is None or detector.variant not in {"dsi", "full"}:
            msg = f"the variant {detector.variant} has no trained part to tune; choose full"
            raise UsageError(msg)
        network = tuned_network(
            detector.network,
            detector.variant,
            self.images,
            self.state.prompts,
            detector.backbone,
            detector.space,
            detector.config,
            seed=detector.seed,
            report=report,
        )
        provenance = replace(
            self.provenance,
            checkpoint=f"{self.provenance.checkpoint}, tuned to these parts",
            checkpoint_sha256=content_sha256(network.state_dict()),
        )
        tuned = replace(detector, network=network, provenance=provenance)
        gallery = self.state.gallery
        return tuned.fitted(self.category, self.images, self.encoded, gallery, self.views)

    def _inspected(self, tokens: Tokens, state: SupportState) -> tuple[Comparison, CellMaps]:
        detector = self.detector
        return inspect_tokens(tokens, state, detector.network, detector.variant, detector.config)

    def _probes(self) -> list[tuple[Tokens, SupportState]]:
        """Return pictures that stand for the next normal part, and what to hold them against."""
        if self.views is not None:
            return [(self.views.picked([view]), self.state) for view in range(VIEWS)]
        probed = range(min(len(self.images), PROBED))
        return [(self.encoded.upright.picked([p]), self.state.without(p)) for p in probed]

    def _pixel_maps(
        self, cells: CellMaps, row: int, size: tuple[int, int] | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return base, residual and evidence maps at ``size``; the encoder's by default.

        Evidence maps [E, H, W] are text, visual and, where there is one, hypergraph map. Source:
        H2VLR eq. 5 and 6, pixel by pixel.
        """
        config = self.detector.config
        side = self.detector.backbone.size
        grids = [cells.maps.base[row], cells.maps.text[row], cells.maps.visual[row]]
        if cells.hypergraph is not None:
            grids.append(cells.hypergraph[row])
        stacked = torch.stack(grids).view(len(grids), 1, *self.state.gallery.grid)
        pixels = smooth_pixel_maps(stacked, side, config.sigma, size or (side, side))
        pixels = pixels[:, 0].clamp_(0, 1)
        base = pixels[0]
        if cells.hypergraph is None:
            residual = torch.zeros_like(base)
        elif cells.node_logits is None:
            residual = pixels[3] - base  # the parameter-free step replaces the base map
        else:
            residual = residual_of(pixels[3], config)
        return base, residual, pixels[1:]

    @property
    def residual_weight(self) -> float:
        """Weight eta of eq. 7; 1 before ``full``, where the residual is a plain difference."""
        return self.detector.config.residual_weight if self.detector.variant == "full" else 1.0

    def _result(
        self, query: RgbImage, found: Comparison, cells: CellMaps, row: int
    ) -> AnomalyResult:
        size = (query.shape[0], query.shape[1])
        base, residual, evidence = self._pixel_maps(cells, row, size)
        fused = fuse_residual(base, residual, self.residual_weight)  # H2VLR eq. 7
        names = ("text", "nearest normal", "hypergraph")
        return AnomalyResult(
            base_map=_numpy(base),
            residual_map=_numpy(residual),
            residual_weight=self.residual_weight,
            fused_map=_numpy(fused),
            score=float(cells.scores[row].clamp(0, 1)),
            score_range=(0.0, 1.0),
            provenance=self.provenance,
            evidence=dict(zip(names, map(_numpy, evidence), strict=False)),
            nearest_normal=_nearest_normal(found, row, self.state.gallery),
            hyperedges=_hyperedges(found, cells, row, self.state),
            category=self.category,
        )


def _nearest_normal(found: Comparison, row: int, gallery: SupportGallery) -> NearestNormal:
    rows, columns = gallery.grid
    source = gallery.source[found.rows[row]]  # [N, 4]
    return NearestNormal(
        support_index=_numpy(source[:, 0].reshape(rows, columns)).astype(np.int32),
        row=_numpy((source[:, 1].float() + 0.5).reshape(rows, columns) / rows),
        column=_numpy((source[:, 2].float() + 0.5).reshape(rows, columns) / columns),
        cost=_numpy(found.cost[row].reshape(rows, columns)),
        normal_cost=gallery.spread,
        patch_fraction=(1.0 / rows, 1.0 / columns),
    )


def _hyperedges(
    found: Comparison, cells: CellMaps, row: int, state: SupportState
) -> Hyperedges | None:
    """Return what reasoning grouped, for the inspector; None where no hypergraph was made."""
    if cells.graph is None or cells.affinity is None:
        return None
    claimed = cells.graph.claimed[row]
    weight = cells.graph.weight[row, found.members.shape[1] :]
    normal, abnormal = len(state.prompts.normal), len(state.prompts.abnormal)
    return Hyperedges(
        grid=state.gallery.grid,
        neighbours=_numpy(found.members[row]).astype(np.int32),
        similarity=_numpy(found.likeness[row].float()),
        prompts=state.prompts.texts,
        abnormal=np.arange(normal + abnormal) >= normal,
        claimed=_numpy(claimed).astype(np.int32),
        claim_similarity=_numpy(cells.affinity[row].T.gather(-1, claimed).float()),
        weights=_numpy(weight.float()),
    )


def _numpy(tensor: Tensor) -> AnomalyMap:
    array: AnomalyMap = tensor.detach().cpu().numpy()
    return array
