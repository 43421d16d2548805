"""How much the published constants matter: ``python -m adapp.methods.h2vlr.sensitivity --help``.

Varies K, L, alpha, eta, lambda_str and lambda_seg one at a time around the preset's own values, as
figures 4 and 5 and table 5 of the paper do, and measures categories that took no part in the
training. What shapes the training is trained anew; alpha and eta act on the finished maps and are
only inspected anew. The steps of the ladder and the residual of the unchanged constants are
measured as well, over the one training that holds them all. Source: H2VLR 4.3.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TextIO, TypeAlias

import cv2
import numpy as np

from adapp.core.detector import SupportSet
from adapp.core.errors import UsageError
from adapp.core.module_command import finished
from adapp.core.results import AnomalyResult, BinaryMask
from adapp.data.dataset import Category, Sample, load_mask, read_roots
from adapp.data.images import load_image
from adapp.data.selection import limited_queries, support_order
from adapp.evaluation.metrics import image_auroc, mean_metrics, pixel_auroc
from adapp.methods.benchmarking import Json
from adapp.methods.h2vlr.build import build
from adapp.methods.h2vlr.config import VARIANTS, H2vlrConfig
from adapp.methods.h2vlr.detector import H2vlrDetector
from adapp.methods.h2vlr.presets import config_for
from adapp.methods.h2vlr.residual import ResidualFigures, residual_figures
from adapp.methods.h2vlr.train import run
from adapp.rendering.curves import curves_svg
from adapp.training.request import TrainingRequest

Change: TypeAlias = Callable[[H2vlrConfig, float], H2vlrConfig]
METRICS = ("image_auroc", "pixel_auroc")
_SIDE = 168  # pixels; side of the square at which maps and masks are compared


@dataclass(frozen=True, slots=True)
class Sweep:
    """One constant and the values it takes.

    Attributes:
        values: In the order of the paper's figure or table.
        change: Returns the constants with one of them.
        trained: Whether the constant shapes the training.
        source: Where the paper shows it.
    """

    values: tuple[float, ...]
    change: Change
    trained: bool
    source: str


SWEEPS: Mapping[str, Sweep] = {
    "K": Sweep(
        (2, 4, 8, 12, 16),
        lambda c, v: replace(c, graph=replace(c.graph, neighbours=int(v))),
        True,
        "figure 4a",
    ),
    "L": Sweep(
        (1, 2, 3, 4),
        lambda c, v: replace(c, graph=replace(c.graph, layers=int(v))),
        True,
        "figure 4b",
    ),
    "alpha": Sweep(
        (0.1, 0.3, 0.5, 0.7, 0.9), lambda c, v: replace(c, text_weight=v), False, "figure 5"
    ),
    "eta": Sweep(
        (0.0, 0.2, 0.4, 0.6, 0.8), lambda c, v: replace(c, residual_weight=v), False, "figure 5"
    ),
    "lambda_str": Sweep(
        (0.0, 0.02, 0.04, 1.0),
        lambda c, v: replace(c, loss=replace(c.loss, structure=v)),
        True,
        "table 5",
    ),
    "lambda_seg": Sweep(
        (0.5, 0.7, 1.0, 1.5),
        lambda c, v: replace(c, loss=replace(c.loss, segmentation=v)),
        True,
        "table 5",
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        preset: Frozen encoders.
        roots: Data folders.
        leave_out: Categories of the data folders that are measured and not trained on.
        folder: Where checkpoints are kept; one that is there is not trained again.
        shots: Supports of each category.
        seed: Seed of training and supports.
        limit: Test pictures of a category at most; None takes all.
        epochs: Passes of the training; None takes the preset's own.
        measured: Folders of further categories that are measured and never trained on.
    """

    preset: str
    roots: tuple[Path, ...]
    leave_out: tuple[str, ...]
    folder: Path
    shots: int = 1
    seed: int = 0
    limit: int | None = None
    epochs: int | None = None
    measured: tuple[Path, ...] = ()


def measure(plan: Plan, names: Sequence[str], tell: Callable[[str], None]) -> Json:
    """Return the metrics of every value of every named constant and of every step of the ladder.

    How alive the residual of the unchanged constants is stands beside them.

    Raises:
        UsageError: If a constant does not exist or there is nothing to measure.
    """
    unknown = [name for name in names if name not in SWEEPS]
    if unknown:
        msg = f"no constant {', '.join(unknown)}; choose from {', '.join(SWEEPS)}"
        raise UsageError(msg)
    categories = _categories(plan)
    base = config_for(plan.preset)
    found: Json = {}
    known: dict[H2vlrConfig, Json] = {}  # the preset's own constants stand in every sweep
    for name in names:
        sweep = SWEEPS[name]
        rows = []
        for value in sweep.values:
            tell(f"{name} = {value:g}")
            config = sweep.change(base, value)
            if config not in known:
                path = _checkpoint(plan, config if sweep.trained else base, base)
                detector = build(plan.preset, str(path), "full", seed=plan.seed, config=config)
                known[config] = _metrics(detector, categories, plan)
            rows.append({"value": value, **known[config]})
        found[name] = {"source": sweep.source, "trained_anew": sweep.trained, "rows": rows}
    full = str(_checkpoint(plan, base, base))
    ladder = []
    for step in VARIANTS:
        tell(step)
        if step != VARIANTS[-1] or base not in known:
            metrics = _metrics(build(plan.preset, full, step, seed=plan.seed), categories, plan)
        else:
            metrics = known[base]
        ladder.append({"value": step, **metrics})
    found["ladder"] = {"source": "table 4", "trained_anew": False, "rows": ladder}
    tell("residual")
    detector = build(plan.preset, full, "full", seed=plan.seed)
    return {
        "method": "h2vlr",
        "preset": plan.preset,
        "shots": plan.shots,
        "seed": plan.seed,
        "limit": plan.limit,
        "categories": [category.name for category in categories],
        "sweeps": found,
        "residual": {
            category.name: asdict(_residual(detector, category, plan)) for category in categories
        },
    }


def table(report: Json) -> str:
    """Return the report as Markdown tables."""
    lines = []
    for name, sweep in report["sweeps"].items():
        lines += [f"| {name} | image AUROC | pixel AUROC | mean |", "|---|---|---|---|"]
        for row in sweep["rows"]:
            image, pixel = (row[metric] for metric in METRICS)
            shown = (f"{number:.2f}" if number is not None else "-" for number in (image, pixel))
            lines.append(f"| {_value(row)} | {' | '.join(shown)} | {_mean(row):.2f} |")
        lines.append("")
    lines += ["| residual of | standard deviation | defective | higher inside the mask |"]
    lines += ["|---|---|---|---|"]
    for name, row in report["residual"].items():
        share = row["inside_higher"]
        told = "-" if share is None else f"{100 * share:.1f} %"
        lines.append(f"| {name} | {row['deviation']:.3f} | {row['defective']} | {told} |")
    return "\n".join(lines)


def plots(report: Json) -> dict[str, str]:
    """Return one SVG per constant."""
    drawn = {}
    for name, sweep in report["sweeps"].items():
        rows = sweep["rows"]
        lines = {
            "image AUROC": [row["image_auroc"] for row in rows],
            "pixel AUROC": [row["pixel_auroc"] for row in rows],
            "mean": [_mean(row) for row in rows],
        }
        known = {label: line for label, line in lines.items() if None not in line}
        drawn[name] = curves_svg(name, [_value(row) for row in rows], known)
    return drawn


def _value(row: Json) -> str:
    value = row["value"]
    return value if isinstance(value, str) else f"{value:g}"


def _mean(row: Json) -> float:
    known = [row[metric] for metric in METRICS if row[metric] is not None]
    return float(np.mean(known))


def _categories(plan: Plan) -> list[Category]:
    """Return the categories that no training sees and that have normal pictures to support from.

    Raises:
        UsageError: If there is none, or one is also trained on.
    """
    every = {category.name: category for category in read_roots(plan.roots).categories}
    missing = [name for name in plan.leave_out if name not in every]
    chosen = [every[name] for name in plan.leave_out if name in every]
    if plan.measured:
        further = read_roots(plan.measured).categories
        trained = [one.name for one in further if one.name in every.keys() - {*plan.leave_out}]
        if trained:
            msg = f"{', '.join(trained)} is trained on: name it in --leave-out too"
            raise UsageError(msg)
        chosen += [one for one in further if one.name not in every]
    usable = [category for category in chosen if len(category.train_normal) >= plan.shots]
    if missing or not usable:
        what = f"no category {', '.join(missing)}" if missing else "no category to measure"
        msg = f"{what}; name categories with normal pictures in --leave-out"
        raise UsageError(msg)
    return usable


def _checkpoint(plan: Plan, config: H2vlrConfig, base: H2vlrConfig) -> Path:
    """Return the checkpoint trained with these constants; trains it if it is not there."""
    key = "base"
    if config != base:
        told = (
            f"K{config.graph.neighbours}-L{config.graph.layers}"
            f"-str{config.loss.structure:g}-seg{config.loss.segmentation:g}"
        )
        key = told.replace(".", "_")
    path = plan.folder / f"h2vlr-sensitivity-{key}-s{plan.seed}.safetensors"
    if not path.is_file():
        request = TrainingRequest(
            preset=plan.preset,
            variant="full",
            roots=plan.roots,
            out=path,
            epochs=plan.epochs,
            seed=plan.seed,
            leave_out=plan.leave_out,
        )
        run(request, resume=True, config=config)
    return path


def _metrics(detector: H2vlrDetector, categories: Sequence[Category], plan: Plan) -> Json:
    rows = {category.name: _category(detector, category, plan) for category in categories}
    return {**mean_metrics(rows, METRICS), "by_category": rows}


def _category(detector: H2vlrDetector, category: Category, plan: Plan) -> Json:
    """Return image and pixel AUROC of one category, in percent."""
    scores, labels, maps, masks = [], [], [], []
    for result, mask, label in _queries(detector, category, plan):
        scores.append(result.score)
        labels.append(label)
        if mask is not None:
            maps.append(cv2.resize(result.fused_map, (_SIDE, _SIDE)))
            masks.append(mask)
    pixel = None
    if any(mask.any() for mask in masks):
        pixel = pixel_auroc(np.stack(maps), np.stack(masks))
    return {"image_auroc": image_auroc(scores, labels), "pixel_auroc": pixel}


def _residual(detector: H2vlrDetector, category: Category, plan: Plan) -> ResidualFigures:
    queries = _queries(detector, category, plan)
    return residual_figures((result.residual_map, mask) for result, mask, _ in queries)


def _queries(
    detector: H2vlrDetector, category: Category, plan: Plan
) -> Iterator[tuple[AnomalyResult, BinaryMask | None, int]]:
    """Yield result, mask [_SIDE, _SIDE] and label of each test picture."""
    supports = support_order(category, plan.seed)[: plan.shots]
    fitted = detector.fit(
        SupportSet(category.part, [load_image(sample.path).pixels for sample in supports])
    )
    for sample in limited_queries(category, plan.limit, 0):
        result = fitted.predict(load_image(sample.path).pixels)
        yield result, _mask(sample), sample.label


def _mask(sample: Sample) -> BinaryMask | None:
    if sample.label == 0:
        return np.zeros((_SIDE, _SIDE), dtype=np.bool_)
    return load_mask(sample, _SIDE, _SIDE)


def main(words: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 done, 2 something the user can mend."""
    parser = argparse.ArgumentParser(prog="python -m adapp.methods.h2vlr.sensitivity")
    parser.add_argument("--preset", default="embedded")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="data set folders")
    parser.add_argument("--leave-out", nargs="+", required=True, help="categories to measure")
    parser.add_argument(
        "--measure",
        type=Path,
        nargs="+",
        default=[],
        help="folders of further categories to measure",
    )
    parser.add_argument("--json", type=Path, required=True, help="file to write the figures to")
    parser.add_argument("--folder", type=Path, help="checkpoints; beside the JSON by default")
    parser.add_argument("--constants", nargs="+", default=list(SWEEPS), choices=list(SWEEPS))
    parser.add_argument("--shots", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="test pictures of a category at most")
    parser.add_argument("--epochs", type=int)
    given = parser.parse_args(words)
    plan = Plan(
        preset=given.preset,
        roots=tuple(given.data),
        leave_out=tuple(given.leave_out),
        folder=given.folder or given.json.parent,
        shots=given.shots,
        seed=given.seed,
        limit=given.limit,
        epochs=given.epochs,
        measured=tuple(given.measure),
    )

    def measured() -> str:
        report = measure(plan, given.constants, lambda told: _say(sys.stderr, told))
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        for name, picture in plots(report).items():
            file = given.json.with_name(f"{given.json.stem}-{name}.svg")
            file.write_text(picture, encoding="utf-8")
        return table(report)

    return finished(measured)


def _say(stream: TextIO, told: str) -> None:
    stream.write(f"{told}\n")


if __name__ == "__main__":
    sys.exit(main())
