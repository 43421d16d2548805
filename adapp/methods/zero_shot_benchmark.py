"""What a method without normal pictures costs: throughput over its bare encoder, prompts."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from adapp.backbones.factory import create, create_random
from adapp.backbones.preprocess import to_pixels
from adapp.core.detector import Detector, Report, SupportSet
from adapp.core.errors import ModelUnavailable
from adapp.data.procedural import FAMILIES, ProceduralCategory
from adapp.methods.benchmarking import BenchPlan, Json, interleaved, timed


class _Sized(Detector, Protocol):
    """A detector that tells the side of the square it sees, in pixels."""

    @property
    def size(self) -> int: ...


def measure_zero_shot(
    built: Callable[[], _Sized],
    untrained: Callable[[], _Sized],
    training_free: str,
    preset: str,
    plan: BenchPlan,
    report: Report,
) -> Json:
    """Return the figures of a method: ratios, each with the absolute values behind it.

    The complete method is measured with whatever weights there are; without a checkpoint its
    network is untrained, which takes the same time and is told.

    Args:
        built: Loads the method; it may raise ``ModelUnavailable``.
        untrained: Makes it with nothing trained in it.
        training_free: The step that has no network to measure.
        preset: Frozen encoder.
        plan: How much is measured.
        report: Progress callback.

    Raises:
        ModelUnavailable: If the encoder's weights are absent and nothing can stand for them.
    """
    try:
        detector = built()
    except ModelUnavailable:
        detector = untrained()
    if detector.variant == training_free:
        detector = untrained()
    provenance = detector.fit(SupportSet("part")).provenance
    return {
        "variant": detector.variant,
        "checkpoint": provenance.checkpoint,
        "fallbacks": list(provenance.fallbacks),
        "backbone": provenance.backbone,
        "size": detector.size,
        "dtype": provenance.dtype,
        "device": provenance.device,
        "prompts": _prompts(detector, plan),
        "throughput": [_throughput(detector, preset, one, plan, report) for one in plan.batches],
    }


def _prompts(detector: Detector, plan: BenchPlan) -> Json:
    """Return the seconds of binding the detector to a part's name: once a part, not a picture."""
    names = ("metal plate", "brain scan", "wooden toy")[: max(1, min(3, plan.repeats))]
    seconds = [timed(detector.fit, SupportSet(name))[0] for name in names]
    return {"seconds": float(np.median(seconds)), "repeats": len(names)}


def _throughput(detector: _Sized, preset: str, batch: int, plan: BenchPlan, report: Report) -> Json:
    """Return pictures per second of the method over those of its encoder alone.

    The bare encoder runs without a V-V path and gets pixels that are ready; the method starts
    from pictures of the same size and ends with maps, evidence and score. ``added`` is what it
    takes beyond its encoder, over the encoder's own time.
    """
    report(f"{detector.name}: throughput, {detector.variant}, batch {batch}", 0, 1)
    rng = np.random.default_rng(plan.seed)
    part, size = ProceduralCategory(FAMILIES[0], plan.seed), detector.size
    images = [part.render(rng, size) for _ in range(batch)]
    fitted = detector.fit(SupportSet("part"))
    try:
        bare = create(preset, detector.name, size=size)
    except ModelUnavailable:
        bare = create_random(detector.name, size=size)
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
