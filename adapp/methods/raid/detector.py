"""RAID behind the common interface: pictures in, calibrated maps and evidence out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from adapp.backbones.base import ImageBackbone
from adapp.backbones.preprocess import squashed
from adapp.core.detector import FittedDetector, Report, SupportSet
from adapp.core.errors import UnsupportedRegime, UsageError
from adapp.core.results import (
    AnomalyResult,
    Calibration,
    NearestNormal,
    Provenance,
    Regime,
    RgbImage,
)
from adapp.methods.raid.calibration import calibrate
from adapp.methods.raid.config import RaidConfig
from adapp.methods.raid.database import Category, Retrieval, VectorDatabase, retrieve
from adapp.methods.raid.grouping import regrouped
from adapp.methods.raid.model import RaidFilter
from adapp.methods.raid.scoring import GridMaps, filter_maps
from adapp.methods.raid.templates import (
    CHUNK,
    Probe,
    build_category,
    encode_templates,
    grown,
    tokens_of,
    with_turns,
)
from adapp.methods.raid.tuning import tuned_network
from adapp.ops.maps import fuse_residual, smooth_pixel_maps
from adapp.training.checkpoint import content_sha256

ADVICE = (
    "RAID compares with normal parts: add 1 to 16 pictures of good parts, "
    "or choose a method that needs none."
)


@dataclass(frozen=True, slots=True, eq=False)
class RaidDetector:
    """RAID with its weights loaded and frozen.

    Attributes:
        backbone: Frozen encoder.
        network: Trained filter in evaluation mode; None for the retrieval-only variant.
        config: Every constant.
        variant: Step of the ablation ladder.
        provenance: What stands behind the numbers.
        seed: Seed of the clustering.
    """

    backbone: ImageBackbone
    network: RaidFilter | None
    config: RaidConfig
    variant: str
    provenance: Provenance
    seed: int

    @property
    def name(self) -> str:
        """Registry key."""
        return "raid"

    @property
    def size(self) -> int:
        """Side of the square that pictures are squashed to, in pixels."""
        return self.backbone.size

    @property
    def regimes(self) -> frozenset[Regime]:
        """RAID needs at least one normal picture."""
        return frozenset({"few_shot", "full_shot"})

    def fit(self, support: SupportSet) -> "FittedRaid":
        """Return the detector bound to one category's normal pictures."""
        return self.fit_many([support])

    def fit_many(self, supports: Sequence[SupportSet]) -> "FittedRaid":
        """Return the detector bound to one database of several categories.

        With ``prototype_mode="kmeans"`` the categories are clusters of all supports, found
        without the labels; ``support_index`` then counts within the cluster.

        Raises:
            UnsupportedRegime: If a category has no normal picture.
        """
        if not supports or any(len(support.images) == 0 for support in supports):
            raise UnsupportedRegime(ADVICE)
        named = [
            (support.category, [squashed(image, self.backbone.size) for image in support.images])
            for support in supports
        ]
        if self.config.database.prototype_mode == "kmeans":
            named = regrouped(named, self.backbone, seed=self.seed)
        built = [
            build_category(name, images, self.backbone, self.config, seed=self.seed)
            for name, images in named
        ]
        database = VectorDatabase([entry for entry, _ in built], self.config.database)
        probes = tuple(tuple(probed) for _, probed in built)
        return FittedRaid(self, database, probes, tuple(tuple(images) for _, images in named))


@dataclass(frozen=True, slots=True, eq=False)
class FittedRaid:
    """RAID bound to a vector database; immutable.

    Attributes:
        detector: Weights and constants.
        database: Hierarchical vector database.
        probes: Per category, pictures that stand for the next normal part.
        images: Per category, the support pictures as the encoder sees them (for tuning).
    """

    detector: RaidDetector
    database: VectorDatabase
    probes: tuple[tuple[Probe, ...], ...]
    images: tuple[Sequence[RgbImage], ...]

    @property
    def provenance(self) -> Provenance:
        """What stands behind this detector's numbers."""
        return self.detector.provenance

    def calibration(self) -> Calibration:
        """Return the support's own scores and the thresholds that follow from them."""
        scores, peaks = [], []
        for entry, probes in zip(self.database.categories, self.probes, strict=True):
            for probe in probes:
                maps = self._grid_maps([probe.tokens], [probe.found], [entry])
                scores.append(float(maps.scores[0]))
                peaks.append(float(self._pixels(maps.fused, None).max()))
        pictures = [entry.pictures for entry in self.database.categories]
        return calibrate(scores, peaks, pictures, self.detector.config)

    def predict(self, query: RgbImage) -> AnomalyResult:
        """Score one query picture; the maps come back at its own resolution."""
        return self.predict_batch([query])[0]

    def predict_batch(self, queries: Sequence[RgbImage]) -> list[AnomalyResult]:
        """Score several query pictures."""
        results: list[AnomalyResult] = []
        for start in range(0, len(queries), CHUNK):
            results.extend(self._predict_chunk(queries[start : start + CHUNK]))
        return results

    def with_normal(self, image: RgbImage) -> FittedDetector:
        """Return a detector whose support holds ``image`` too; only ``image`` is encoded.

        With several categories the picture joins the one it is routed to.
        """
        backbone, config = self.detector.backbone, self.detector.config
        picture = squashed(image, backbone.size)
        added = encode_templates([picture], backbone, config, turned=False)
        position = self.database.route(added.pooled, added.tokens)[0]
        if self.database.categories[position].rotated:
            added = with_turns(added, [picture], backbone, config)
        entry, probes = grown(
            self.database.categories[position], self.probes[position], added, config
        )
        all_probes, images = list(self.probes), list(self.images)
        all_probes[position] = tuple(probes)
        images[position] = (*images[position], picture)
        database = self.database.with_category(position, entry)
        return replace(self, database=database, probes=tuple(all_probes), images=tuple(images))

    def tune(self, report: Report | None = None) -> FittedDetector:
        """Return a copy whose filter is tuned on the support with synthetic anomalies.

        Raises:
            UsageError: If the variant has no filter.
        """
        detector = self.detector
        if detector.network is None:
            msg = f"the variant {detector.variant} has no trained part to tune; choose full"
            raise UsageError(msg)
        network = tuned_network(
            detector.network,
            self.database.categories,
            self.images,
            detector.backbone,
            detector.config,
            seed=detector.seed,
            report=report,
        )
        provenance = replace(
            self.provenance,
            checkpoint=f"{self.provenance.checkpoint}, tuned to these parts",
            checkpoint_sha256=content_sha256(network.state_dict()),
        )
        return replace(self, detector=replace(detector, network=network, provenance=provenance))

    def _predict_chunk(self, queries: Sequence[RgbImage]) -> list[AnomalyResult]:
        features = self.detector.backbone.encode_rgb(queries)
        tokens = tokens_of(features, self.detector.config.stages)
        routed = self.database.route(features.pooled, tokens)
        entries = [self.database.categories[position] for position in routed]
        found = [
            retrieve(entry, patches, self.database.config)
            for entry, patches in zip(entries, tokens, strict=True)
        ]
        maps = self._grid_maps(list(tokens), found, entries)
        return [
            self._result(query, maps, position, entries[position], found[position])
            for position, query in enumerate(queries)
        ]

    def _grid_maps(
        self, tokens: Sequence[Tensor], found: Sequence[Retrieval], entries: Sequence[Category]
    ) -> GridMaps:
        spread = torch.tensor([entry.normal_cost for entry in entries])
        return filter_maps(
            self.detector.network,
            torch.stack(list(tokens)),
            found,
            spread.to(tokens[0].device),
            entries[0].grid,
            self.detector.config,
        )

    def _pixels(self, grid_maps: Tensor, size: tuple[int, int] | None) -> Tensor:
        """Return smooth pixel maps [B, 1, H, W] at ``size``, by default the encoder's."""
        side = self.detector.backbone.size
        sigma = self.detector.config.sigma
        return smooth_pixel_maps(grid_maps, side, sigma, size or (side, side))

    def _result(
        self, query: RgbImage, maps: GridMaps, position: int, entry: Category, found: Retrieval
    ) -> AnomalyResult:
        size = (query.shape[0], query.shape[1])
        grids = torch.cat([maps.base[position], maps.fused[position]])[:, None]  # [2, 1, h, w]
        base, fused = self._pixels(grids, size).clamp(0, 1)[:, 0]
        residual = fused - base
        fused = fuse_residual(base, residual, 1.0)
        return AnomalyResult(
            base_map=_numpy(base),
            residual_map=_numpy(residual),
            residual_weight=1.0,
            fused_map=_numpy(fused),
            score=float(maps.scores[position].clamp(0, 1)),
            score_range=(0.0, 1.0),
            provenance=self.provenance,
            nearest_normal=_nearest_normal(found, entry),
            category=entry.name,
        )


def _nearest_normal(found: Retrieval, entry: Category) -> NearestNormal:
    rows, columns = entry.grid
    source = entry.source[found.rows[:, 0]]  # [N, 4]
    return NearestNormal(
        support_index=_numpy(source[:, 0].reshape(rows, columns)).astype(np.int32),
        row=_numpy((source[:, 1].float() + 0.5).reshape(rows, columns) / rows),
        column=_numpy((source[:, 2].float() + 0.5).reshape(rows, columns) / columns),
        cost=_numpy(found.costs[:, 0].reshape(rows, columns)),
        normal_cost=entry.normal_cost,
        patch_fraction=(1.0 / rows, 1.0 / columns),
    )


def _numpy(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array
