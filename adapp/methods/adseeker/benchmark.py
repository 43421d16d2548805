"""What ADSeeker costs on this machine: throughput over its bare encoder."""

from dataclasses import replace

import numpy as np

from adapp.backbones.factory import create, create_random
from adapp.backbones.preprocess import to_pixels
from adapp.core.detector import Report, SupportSet
from adapp.core.errors import ModelUnavailable
from adapp.core.settings import Settings
from adapp.data.procedural import FAMILIES, ProceduralCategory
from adapp.methods.adseeker.build import build, untrained
from adapp.methods.adseeker.config import TRAINING_FREE, VARIANTS
from adapp.methods.adseeker.detector import SeekerDetector
from adapp.methods.benchmarking import BenchPlan, Json, interleaved, timed


def measure(preset: str, checkpoint: str, plan: BenchPlan, report: Report) -> Json:
    """Return the figures of ADSeeker: ratios, each with the absolute values behind it.

    The complete method is measured with whatever weights there are; without a checkpoint its
    network is untrained, which takes the same time and is told.

    Raises:
        ModelUnavailable: If the encoder's weights are absent and nothing can stand for them.
    """
    settings = replace(Settings(), feature_cache=None)
    try:
        detector = build(preset, checkpoint, None, plan.size, plan.seed, settings)
    except ModelUnavailable:
        detector = untrained(preset, VARIANTS[-1], plan.size, plan.seed)
    if detector.variant == TRAINING_FREE:
        detector = untrained(preset, VARIANTS[-1], plan.size, plan.seed)
    return {
        "variant": detector.variant,
        "checkpoint": detector.provenance.checkpoint,
        "fallbacks": list(detector.provenance.fallbacks),
        "backbone": detector.provenance.backbone,
        "size": detector.size,
        "dtype": detector.provenance.dtype,
        "device": detector.provenance.device,
        "prompts": _prompts(detector, plan),
        "throughput": [_throughput(detector, batch, plan, report) for batch in plan.batches],
    }


def _prompts(detector: SeekerDetector, plan: BenchPlan) -> Json:
    """Return the seconds of binding the detector to a part's name: once a part, not a picture."""
    names = ("metal plate", "brain scan", "wooden toy")[: max(1, min(3, plan.repeats))]
    seconds = [timed(detector.fit, SupportSet(name))[0] for name in names]
    return {"seconds": float(np.median(seconds)), "repeats": len(names)}


def _throughput(detector: SeekerDetector, batch: int, plan: BenchPlan, report: Report) -> Json:
    """Return pictures per second of the method over those of its encoder alone.

    The bare encoder gets pixels that are ready; the method starts from pictures of the same size
    and ends with maps, types, evidence and score. ``added`` is what the expert takes beyond its
    encoder, over the encoder's own time.
    """
    report(f"ADSeeker: throughput, {detector.variant}, batch {batch}", 0, 1)
    rng = np.random.default_rng(plan.seed)
    part, size = ProceduralCategory(FAMILIES[0], plan.seed), detector.size
    images = [part.render(rng, size) for _ in range(batch)]
    fitted = detector.fit(SupportSet("part"))
    preset = detector.provenance.preset
    try:
        bare = create(preset, "adseeker", size=size)
    except ModelUnavailable:
        bare = create_random("adseeker", size=size)
    pixels = to_pixels(images, size).to(bare.device)
    seconds = interleaved(
        {
            "encoder": lambda: bare.encode_images(pixels),
            "method": lambda: fitted.predict_batch(images),
        },
        plan.repeats,
    )
    return {
        "variant": detector.variant,
        "batch": batch,
        "repeats": plan.repeats,
        "ratio": seconds["encoder"] / seconds["method"],
        "added": seconds["method"] / seconds["encoder"] - 1.0,
        "method_pictures_per_second": batch / seconds["method"],
        "encoder_pictures_per_second": batch / seconds["encoder"],
    }
