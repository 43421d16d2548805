"""What ADSeeker costs on this machine: throughput over its bare encoder."""

from dataclasses import replace

from adapp.core.detector import Report
from adapp.core.settings import Settings
from adapp.methods.adseeker.build import build, untrained
from adapp.methods.adseeker.config import TRAINING_FREE, VARIANTS
from adapp.methods.benchmarking import BenchPlan, Json
from adapp.methods.zero_shot_benchmark import measure_zero_shot


def measure(preset: str, checkpoint: str, plan: BenchPlan, report: Report) -> Json:
    """Return the figures of ADSeeker; see ``measure_zero_shot``.

    Raises:
        ModelUnavailable: If the encoder's weights are absent and nothing can stand for them.
    """
    settings = replace(Settings(), feature_cache=None)
    return measure_zero_shot(
        lambda: build(preset, checkpoint, None, plan.size, plan.seed, settings),
        lambda: untrained(preset, VARIANTS[-1], plan.size, plan.seed),
        TRAINING_FREE,
        preset,
        plan,
        report,
    )
