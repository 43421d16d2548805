"""What H2VLR costs on this machine: throughput over its bare encoder, and one fit."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.backbones.clip import PUBLISHED, random_backbone, random_space
from adapp.backbones.factory import create
from adapp.backbones.precision import choose_dtype
from adapp.backbones.preprocess import to_pixels
from adapp.core.detector import Report, SupportSet
from adapp.core.results import Provenance, RgbImage
from adapp.core.settings import Settings
from adapp.data.procedural import FAMILIES, ProceduralCategory
from adapp.methods.benchmarking import BenchPlan, Json, interleaved, timed
from adapp.methods.h2vlr.build import TRAINING_FREE, build
from adapp.methods.h2vlr.config import H2vlrConfig
from adapp.methods.h2vlr.detector import H2vlrDetector
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.presets import PAPER, config_for

_LOOK = 9000  # seed of the rendered part; training counts from 0, so it has not seen it
_UNTRAINED = "not run with the published weights: random weights of the same shapes"


@dataclass(frozen=True, slots=True, eq=False)
class _Timed:
    """A detector and the encoder that it is measured against."""

    detector: H2vlrDetector
    bare: ImageBackbone


def measure(preset: str, checkpoint: str, plan: BenchPlan, report: Report) -> Json:
    """Return the figures of H2VLR: ratios, each with the absolute values behind it.

    Raises:
        ModelUnavailable: If the encoder's weights are absent.
    """
    uncached = replace(Settings(), feature_cache=None)
    detector = build(preset, checkpoint, None, plan.size, plan.seed, uncached)
    plain = build(preset, checkpoint, TRAINING_FREE, plan.size, plan.seed, uncached)
    shown = [detector] if detector.variant == plain.variant else [detector, plain]
    if detector.network is None:
        config = config_for(preset)
        shown.append(untrained(preset, plain.backbone, plain.space, config, plan.seed))
    bare = detector.backbone
    if detector.config.induction.local_from is not None:
        bare = create(preset, "h2vlr", size=plan.size, settings=uncached)
    return {
        "variant": detector.variant,
        "checkpoint": detector.provenance.checkpoint,
        "fallbacks": list(detector.provenance.fallbacks),
        "backbone": detector.backbone.identity,
        "size": detector.size,
        "dtype": detector.provenance.dtype,
        "device": detector.provenance.device,
        "throughput": [
            _throughput(_Timed(one, bare), batch, plan, report)
            for one in shown
            for batch in plan.batches
        ],
        "paper_architecture": _paper(plan, report),
    }


def _throughput(timed_: _Timed, batch: int, plan: BenchPlan, report: Report) -> Json:
    """Return pictures per second of the method over those of its encoder alone.

    The encoder gets pixels that are ready; the method starts from pictures of the same size and
    ends with maps, evidence and score.
    """
    detector, bare = timed_.detector, timed_.bare
    report(f"H2VLR: throughput, {detector.variant}, batch {batch}", 0, 1)
    images = _pictures(detector.size, plan.shots + batch, plan.seed)
    seconds_of_fit, fitted = timed(detector.fit, SupportSet("part", images[batch:]))
    pixels = to_pixels(images[:batch], detector.size).to(bare.device)
    seconds = interleaved(
        {
            "encoder": lambda: bare.encode_images(pixels),
            "method": lambda: fitted.predict_batch(images[:batch]),
        },
        plan.repeats,
    )
    return {
        "variant": detector.variant,
        "checkpoint": detector.provenance.checkpoint,
        "batch": batch,
        "shots": plan.shots,
        "repeats": plan.repeats,
        "ratio": seconds["encoder"] / seconds["method"],
        "method_pictures_per_second": batch / seconds["method"],
        "encoder_pictures_per_second": batch / seconds["encoder"],
        "fit_seconds": seconds_of_fit,
    }


def _paper(plan: BenchPlan, report: Report) -> Json:
    """Return the throughput of the published architecture with random weights."""
    device = torch.device("cpu")
    dtype = choose_dtype(device)
    size = PUBLISHED["h2vlr"].size
    local_from = PAPER.induction.local_from
    dual = random_backbone("h2vlr", size, device=device, dtype=dtype, local_from=local_from)
    dual = dual.ending_locally() if PAPER.induction.local_end else dual
    bare = random_backbone("h2vlr", size, device=device, dtype=dtype)
    space = random_space("h2vlr", device=device, dtype=dtype)
    detector = untrained("paper", dual, space, PAPER, plan.seed)
    return {
        "note": _UNTRAINED,
        "backbone": dual.identity,
        "size": size,
        "dtype": dual.dtype_name,
        "throughput": [
            _throughput(_Timed(detector, one), batch, plan, report)
            | {"encoder": "bare" if one is bare else "with its V-V path"}
            for one in (bare, dual)
            for batch in plan.batches
        ],
    }


def untrained(
    preset: str, backbone: ImageBackbone, space: JointSpace, config: H2vlrConfig, seed: int
) -> H2vlrDetector:
    """Return the complete method with random weights: what it costs, not what it says."""
    network = H2vlrNetwork(config, "full", space.width, space.token_width)
    provenance = Provenance(
        method="h2vlr",
        variant="full",
        preset=preset,
        backbone=f"{backbone.identity}; {space.identity}",
        checkpoint=None,
        checkpoint_sha256=None,
        trained_on=(),
        licence="Nothing was trained: for timing only.",
        seed=seed,
        device=str(backbone.device),
        dtype=backbone.dtype_name,
        fallbacks=("untrained: for timing only",),
    )
    frozen = network.requires_grad_(requires_grad=False).eval()
    return H2vlrDetector(backbone, space, frozen, config, "full", provenance, seed)


def _pictures(size: int, count: int, seed: int) -> list[RgbImage]:
    """Return pictures of one rendered part."""
    part = ProceduralCategory(FAMILIES[0], _LOOK + seed)
    rng = np.random.default_rng(seed)
    return [part.render(rng, size) for _ in range(count)]
