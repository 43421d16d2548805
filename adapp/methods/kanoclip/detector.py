"""KAnoCLIP behind the common interface: a part's name and a picture in, maps and evidence out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.backbones.preprocess import squashed
from adapp.core.detector import SupportSet
from adapp.core.results import AnomalyResult, Calibration, Provenance, Regime, RgbImage
from adapp.methods.calibrating import thresholds_of_normals
from adapp.methods.kanoclip.bound import BoundInteraction
from adapp.methods.kanoclip.config import KanoConfig
from adapp.methods.kanoclip.inputs import pictures_of
from adapp.methods.kanoclip.model import KanoNetwork, KanoOutput, plain_output
from adapp.methods.kanoclip.prompts import StateFeatures, class_name, fixed_features
from adapp.methods.kanoclip.scoring import SCORE_RANGE, image_scores, peaks
from adapp.ops.maps import fuse_residual, smooth_pixel_maps

CHUNK = 8
"""Pictures encoded at once."""


@dataclass(frozen=True, slots=True, eq=False)
class KanoDetector:
    """KAnoCLIP with its weights loaded and frozen.

    Attributes:
        backbone: Frozen image encoder.
        joint: Joint space of patches and prompts.
        network: Trained parts in evaluation mode; None for the fixed prompts.
        config: Every constant.
        variant: Step of the ablation ladder.
        provenance: What stands behind the numbers.
        generic: Threshold where no normal picture is given.
        seed: Seed of the mild views.
    """

    backbone: ImageBackbone
    joint: JointSpace
    network: KanoNetwork | None
    config: KanoConfig
    variant: str
    provenance: Provenance
    generic: GenericThreshold
    seed: int

    @property
    def name(self) -> str:
        """Registry key."""
        return "kanoclip"

    @property
    def size(self) -> int:
        """Side of the square that pictures are squashed to, in pixels."""
        return self.backbone.size

    @property
    def reduced(self) -> bool:
        """Whether projections of all patches compute in bfloat16, as the encoder does."""
        return self.config.autocast and self.backbone.dtype_name == "bfloat16"

    @property
    def shared(self) -> int:
        """Taps before the V-V path starts; all of them without one."""
        first = self.backbone.local_from
        stages = self.backbone.stages
        return len(stages) if first is None else sum(stage < first for stage in stages)

    @property
    def regimes(self) -> frozenset[Regime]:
        """KAnoCLIP compares with no normal picture; those given set the threshold only."""
        return frozenset({"zero_shot"})

    def fit(self, support: SupportSet) -> "FittedKano":
        """Return the detector bound to a part's name; the prompts are encoded here, once."""
        name = class_name(support.category, self.config.prompts)
        with torch.no_grad():
            text = (
                fixed_features(self.joint, [name], self.config.prompts)
                if self.network is None
                else self.network.prompts(self.joint, [name])
            )
        provenance = self.provenance
        if not support.category.strip():
            note = f'the part has no name: the prompts call it "{name}"'
            provenance = replace(provenance, fallbacks=(*provenance.fallbacks, note))
        images = tuple(squashed(image, self.backbone.size) for image in support.images)
        bound = None
        if self.network is not None:
            bound = self.network.bound_to(text, reduced=self.reduced)
        return FittedKano(self, name, text, provenance, images, bound)


@dataclass(frozen=True, slots=True, eq=False)
class FittedKano:
    """KAnoCLIP bound to a part's name; immutable.

    Attributes:
        detector: Weights and constants.
        part: What the prompts call the part.
        text: Its prompts in the joint space.
        provenance: What stands behind this detector's numbers.
        images: Normal pictures as the encoder sees them; they set the threshold and nothing else.
        bound: Bi-CMCI bound to ``text``; None without Bi-CMCI.
    """

    detector: KanoDetector
    part: str
    text: StateFeatures
    provenance: Provenance
    images: tuple[RgbImage, ...]
    bound: BoundInteraction | None

    def calibration(self) -> Calibration:
        """Return thresholds: from the normal pictures' own scores, or the generic ones without."""
        detector = self.detector
        if not self.images:
            return detector.generic.calibration()
        side, sigma = detector.backbone.size, detector.config.sigma

        def scored(images: Sequence[RgbImage]) -> tuple[list[float], list[float]]:
            output = self._output(images)
            return image_scores(output, side, sigma).tolist(), peaks(
                output.fused, side, sigma
            ).tolist()

        top, margin = SCORE_RANGE[1], detector.config.margin
        return thresholds_of_normals(self.images, scored, top, margin, detector.seed)

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
        detector = self.detector
        output = self._output(queries)
        scores = image_scores(output, detector.backbone.size, detector.config.sigma)
        shown = [output.base.transpose(0, 1), output.fused.transpose(0, 1)]
        grids = torch.cat([*shown, torch.sigmoid(output.stages)])  # [2 + S, B, h, w]
        return [
            self._result(query, grids[:, position], float(scores[position]))
            for position, query in enumerate(queries)
        ]

    def _output(self, images: Sequence[RgbImage]) -> KanoOutput:
        """Return maps and global log-odds of pictures, with the part's prompts."""
        detector, network = self.detector, self.detector.network
        features = detector.backbone.encode_rgb(images)
        joint, text = detector.joint, self.text.repeated(len(images))
        with torch.no_grad():
            pictures = pictures_of(
                network,
                joint,
                features.patches,
                features.local,
                features.pooled,
                features.grid,
                shared=detector.shared,
            )
            if network is None:
                return plain_output(pictures, text, joint.temperature)
            output: KanoOutput = network(
                pictures, text, joint.temperature, reduced=detector.reduced, bound=self.bound
            )
        return output

    def _result(self, query: RgbImage, grids: Tensor, score: float) -> AnomalyResult:
        """Return one picture's result from its grid maps: base, fused, stages, [2 + S, h, w]."""
        size = (query.shape[0], query.shape[1])
        side, sigma = self.detector.backbone.size, self.detector.config.sigma
        pixels = smooth_pixel_maps(grids[:, None], side, sigma, size).clamp_(0, 1)[:, 0]
        base, fused = pixels[0], pixels[1]
        residual = fused - base
        fused = fuse_residual(base, residual, 1.0)
        stages = self.detector.backbone.stages
        return AnomalyResult(
            base_map=_numpy(base),
            residual_map=_numpy(residual),
            residual_weight=1.0,
            fused_map=_numpy(fused),
            score=min(max(score, SCORE_RANGE[0]), SCORE_RANGE[1]),
            score_range=SCORE_RANGE,
            provenance=self.provenance,
            evidence={
                f"stage {block}": _numpy(pixels[2 + position])
                for position, block in enumerate(stages)
            },
            category=self.part,
        )


def _numpy(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array
