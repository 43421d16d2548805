"""ADSeeker's expert behind the common interface: a name and a picture in, map and type out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.backbones.preprocess import squashed, to_pixels
from adapp.core.detector import SupportSet
from adapp.core.results import (
    AnomalyResult,
    Calibration,
    DefectTypes,
    Provenance,
    Regime,
    RgbImage,
)
from adapp.methods.adseeker.config import NAMED, SeekerConfig, Variant
from adapp.methods.adseeker.inputs import Wording, inserted_output, pictures_of, text_of
from adapp.methods.adseeker.model import SeekerNetwork, SeekerOutput, plain_output
from adapp.methods.adseeker.prompts import PartText, part_name, unlearned
from adapp.methods.adseeker.scoring import SCORE_RANGE, image_scores, peaks
from adapp.methods.adseeker.vocabulary import NONE, TYPES
from adapp.methods.calibrating import thresholds_of_normals
from adapp.ops.maps import fuse_residual, smooth_pixel_maps

CHUNK = 8
"""Pictures encoded at once."""


@dataclass(frozen=True, slots=True, eq=False)
class SeekerDetector:
    """ADSeeker's expert with its weights loaded and frozen.

    Attributes:
        backbone: Frozen image encoder.
        joint: Joint space of patches and prompts.
        network: Trained parts in evaluation mode; None for the static prompts.
        config: Every constant.
        variant: Step of the ablation ladder.
        provenance: What stands behind the numbers.
        generic: Threshold where no normal picture is given.
        seed: Seed of the mild views.
    """

    backbone: ImageBackbone
    joint: JointSpace
    network: SeekerNetwork | None
    config: SeekerConfig
    variant: Variant
    provenance: Provenance
    generic: GenericThreshold
    seed: int

    @property
    def name(self) -> str:
        """Registry key."""
        return "adseeker"

    @property
    def size(self) -> int:
        """Side of the square that pictures are squashed to, in pixels."""
        return self.backbone.size

    @property
    def regimes(self) -> frozenset[Regime]:
        """It compares with no normal picture; those given set the threshold only."""
        return frozenset({"zero_shot"})

    def fit(self, support: SupportSet) -> "FittedSeeker":
        """Return the detector bound to a part's name; the prompts are encoded here, once."""
        part = part_name(support.category, self.config.prompts)
        called = part if self.variant in NAMED else self.config.prompts.fallback
        wording = Wording(self.joint, self.config.prompts)
        with torch.no_grad():
            text = (
                unlearned([wording.of(called)])
                if self.network is None
                else text_of(self.network, self.joint, [called], wording)
            )
        provenance = self.provenance
        if not support.category.strip() and self.variant in NAMED:
            note = f'the part has no name: the prompts call it "{called}"'
            provenance = replace(provenance, fallbacks=(*provenance.fallbacks, note))
        images = tuple(squashed(image, self.backbone.size) for image in support.images)
        return FittedSeeker(self, part, called, text, provenance, images)


@dataclass(frozen=True, slots=True, eq=False)
class FittedSeeker:
    """ADSeeker's expert bound to a part's name; immutable.

    Attributes:
        detector: Weights and constants.
        part: What the user calls the part.
        called: What the prompts call it.
        text: Its prompts in the joint space.
        provenance: What stands behind this detector's numbers.
        images: Normal pictures as the encoder sees them; they set the threshold and nothing else.
    """

    detector: SeekerDetector
    part: str
    called: str
    text: PartText
    provenance: Provenance
    images: tuple[RgbImage, ...]

    def calibration(self) -> Calibration:
        """Return thresholds: from the normal pictures' own scores, or the generic ones without."""
        detector = self.detector
        if not self.images:
            return detector.generic.calibration()
        side, config = detector.backbone.size, detector.config.score

        def scored(images: Sequence[RgbImage]) -> tuple[list[float], list[float]]:
            output = self._output(images)
            return image_scores(output, side, config).tolist(), peaks(
                output.fused, side, config.sigma
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
        scores = image_scores(output, detector.backbone.size, detector.config.score)
        named = self._named_maps(output)
        grids = torch.cat([output.base, output.fused, *named.values()], dim=1)  # [B, 2 + E, h, w]
        return [
            self._result(query, grids[row], tuple(named), float(scores[row]), output, row)
            for row, query in enumerate(queries)
        ]

    def _named_maps(self, output: SeekerOutput) -> dict[str, Tensor]:
        """Return the evidence, [B, 1, h, w] each: places by ratio, sparse code, chosen type."""
        maps: dict[str, Tensor] = {}
        network = self.detector.network
        if network is None:
            return maps
        maps["location"] = output.location
        if output.attention is not None:
            maps["sparse code"] = output.attention
        if network.teller is not None:
            kind = _leading(output)[:, None, None]
            picked = output.types.gather(2, kind.expand(-1, output.types.shape[1], 1))
            against = picked.squeeze(2) - output.types[..., -1]
            maps["type"] = torch.sigmoid(against).reshape(output.location.shape)
        return maps

    def _output(self, images: Sequence[RgbImage]) -> SeekerOutput:
        """Return what the method says about a few pictures."""
        detector = self.detector
        network, joint, backbone = detector.network, detector.joint, detector.backbone
        device = backbone.device
        rows = torch.zeros(len(images), dtype=torch.long, device=device)
        text = self.text.of(rows)
        with torch.no_grad():
            if network is not None and network.blocks is not None:
                pixels = to_pixels(images, backbone.size).to(device)
                names = [self.called] * len(images)
                return inserted_output(network, backbone, joint, pixels, names, text)
            features = backbone.encode_rgb(images)
            pictures = pictures_of(network, joint, features.patches, features.pooled, features.grid)
            if network is None:
                return plain_output(pictures, text, joint.temperature, detector.config)
            output: SeekerOutput = network(pictures, text, joint.temperature)
            return output

    def _result(
        self,
        query: RgbImage,
        grids: Tensor,
        names: Sequence[str],
        score: float,
        output: SeekerOutput,
        row: int,
    ) -> AnomalyResult:
        """Return the result of one query from its maps on the patch grid, [2 + E, h, w]."""
        size = (query.shape[0], query.shape[1])
        side, sigma = self.detector.backbone.size, self.detector.config.score.sigma
        pixels = smooth_pixel_maps(grids[:, None], side, sigma, size).clamp_(0, 1)[:, 0]
        base, fused = pixels[0], pixels[1]
        residual = fused - base
        fused = fuse_residual(base, residual, 1.0)
        types = None
        network = self.detector.network
        if network is not None and network.teller is not None:
            told = output.types[row].reshape(*grids.shape[1:], -1)
            kind = int(_leading(output)[row])
            chosen = TYPES[kind] if output.chosen[row, kind] > 0 else NONE
            known = network.teller.present
            named = [TYPES.index(name) for name in known]
            types = DefectTypes(
                (*known, NONE),
                _numpy(told[..., [*named, -1]].float()),
                chosen,
                _numpy(network.teller.outlines[:, named].float()),
            )
        return AnomalyResult(
            base_map=_numpy(base),
            residual_map=_numpy(residual),
            residual_weight=1.0,
            fused_map=_numpy(fused),
            score=min(max(score, SCORE_RANGE[0]), SCORE_RANGE[1]),
            score_range=SCORE_RANGE,
            provenance=self.provenance,
            evidence={name: _numpy(pixels[2 + place]) for place, name in enumerate(names)},
            defect_types=types,
            category=self.part,
        )


def _leading(output: SeekerOutput) -> Tensor:
    """Return the named type that each picture's first pass found most probable, [B]."""
    return output.chosen[:, :-1].argmax(dim=1)


def _numpy(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array
