"""What RAID costs on this machine: throughput over its bare encoder, and its retrieval."""

from dataclasses import replace

import numpy as np

from adapp.backbones.cache import cached
from adapp.backbones.preprocess import to_pixels
from adapp.core.detector import Report, SupportSet
from adapp.core.settings import Settings
from adapp.methods.benchmarking import BenchPlan, Json, interleaved
from adapp.methods.raid.benchmark_ladder import ladder
from adapp.methods.raid.benchmark_parts import encode_parts, parts
from adapp.methods.raid.benchmark_retrieval import Comparison
from adapp.methods.raid.build import TRAINING_FREE, build
from adapp.methods.raid.detector import RaidDetector

_BYTES_PER_VALUE = 12  # float32 tokens, inverted lists with room to grow, bfloat16 in the bank


def measure(preset: str, checkpoint: str, plan: BenchPlan, report: Report) -> Json:
    """Return the figures of RAID: ratios, each with the absolute values behind it.

    Raises:
        ModelUnavailable: If the encoder's weights are absent.
    """
    uncached = replace(Settings(), feature_cache=None)
    detector = build(preset, checkpoint, None, plan.size, plan.seed, uncached)
    plain = build(preset, checkpoint, TRAINING_FREE, plan.size, plan.seed, uncached)
    variants = {detector.variant: detector, plain.variant: plain}
    return {
        "variant": detector.variant,
        "checkpoint": detector.provenance.checkpoint,
        "fallbacks": list(detector.provenance.fallbacks),
        "backbone": detector.backbone.identity,
        "size": detector.size,
        "dtype": detector.provenance.dtype,
        "device": detector.provenance.device,
        "throughput": [
            _throughput(one, batch, plan, report)
            for one in variants.values()
            for batch in plan.batches
        ],
        "retrieval": _retrieval(detector, plan, report),
    }


def _throughput(detector: RaidDetector, batch: int, plan: BenchPlan, report: Report) -> Json:
    """Return pictures per second of the method over those of its encoder alone.

    The encoder gets pixels that are ready; the method starts from pictures of the same size and
    ends with maps, evidence and score.
    """
    report(f"RAID: throughput, {detector.variant}, batch {batch}", 0, 1)
    rng = np.random.default_rng(plan.seed)
    part, backbone = parts(1, plan.seed)[0], detector.backbone
    images = [part.render(rng, backbone.size) for _ in range(plan.shots + batch)]
    fitted = detector.fit(SupportSet("part", images[batch:]))
    pixels = to_pixels(images[:batch], backbone.size).to(backbone.device)
    seconds = interleaved(
        {
            "encoder": lambda: backbone.encode_images(pixels),
            "method": lambda: fitted.predict_batch(images[:batch]),
        },
        plan.repeats,
    )
    return {
        "variant": detector.variant,
        "batch": batch,
        "shots": plan.shots,
        "repeats": plan.repeats,
        "ratio": seconds["encoder"] / seconds["method"],
        "method_pictures_per_second": batch / seconds["method"],
        "encoder_pictures_per_second": batch / seconds["encoder"],
    }


def _retrieval(detector: RaidDetector, plan: BenchPlan, report: Report) -> Json:
    """Return hierarchical against flat retrieval at every size of the database that fits."""
    width = detector.backbone.width * len(detector.config.stages)
    cells = detector.backbone.grid[0] * detector.backbone.grid[1]
    needed = {
        pictures: plan.categories * pictures * cells * width * _BYTES_PER_VALUE
        for pictures in plan.pictures
    }
    fitting = [p for p in plan.pictures if plan.memory is None or needed[p] <= plan.memory]
    skipped = {
        str(pictures): f"needs {needed[pictures] / 1e9:.1f} GB, {plan.memory / 1e9:.1f} GB are free"
        for pictures in plan.pictures
        if plan.memory is not None and pictures not in fitting
    }
    if not fitting:
        return {"databases": [], "skipped": skipped}
    backbone = cached(detector.backbone, Settings())
    encoded = encode_parts(backbone, detector.config, plan, max(fitting), report)
    databases: list[Json] = []
    for pictures in fitting:
        comparison = Comparison(encoded, pictures, backbone, detector.config, plan)
        databases.append(comparison.result(report))
    return {
        "databases": databases,
        "growth": _growth(databases),
        "probes": ladder(comparison.database, encoded.queries, plan, report),
        "skipped": skipped,
    }


def _growth(databases: list[Json]) -> Json:
    """Return how many times longer a search takes in the largest database than in the smallest."""
    first, last = databases[0], databases[-1]
    return {
        "tokens": [first["tokens"], last["tokens"]],
        **{
            name: {
                "ratio": last["time"][key] / first["time"][key],
                "seconds": [first["time"][key], last["time"][key]],
            }
            for name, key in (("hierarchical", "hierarchical_seconds"), ("flat", "flat_seconds"))
        },
    }
