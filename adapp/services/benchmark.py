"""Measure methods on data sets: contract JSON out, the same support for every method."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import adapp
from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.data.dataset import read_roots
from adapp.evaluation.table import side_by_side
from adapp.services.benchmark_run import (
    BenchmarkRun,
    DetectorFactory,
    EvaluationJson,
    EvaluationRequest,
)

__all__ = [
    "Comparison",
    "DetectorFactory",
    "EvaluationJson",
    "EvaluationRequest",
    "compare",
    "evaluate",
    "write_json",
]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several methods on the same pictures.

    Attributes:
        results: Method -> its contract JSON.
        table: The results side by side, as text.
        files: The JSON files written, in the same order; empty if none were asked for.
    """

    results: Mapping[str, EvaluationJson]
    table: str
    files: tuple[Path, ...]


def evaluate(
    method: str,
    preset: str = "embedded",
    checkpoint: str = "open",
    variant: str | None = None,
    roots: Sequence[Path] = (),
    shots: int = 4,
    seed: int = 0,
    limit: int | None = None,
    size: int | None = None,
    *,
    one_database: bool = False,
    tune: bool = False,
    json_path: Path | None = None,
    report: Report | None = None,
    factory: DetectorFactory = adapp.load_detector,
) -> EvaluationJson:
    """Return the contract JSON of one method on all categories, and write it if asked.

    Args:
        method: Registry key.
        preset: Frozen encoder behind the method.
        checkpoint: ``open``, ``research`` or a file.
        variant: Step of the ablation ladder; None takes the method's default.
        roots: Data folders, in any layout that ``adapp.data.dataset`` reads.
        shots: Normal pictures per category; 0 for zero-shot.
        seed: Seed of the support, of the limited queries and of the method.
        limit: Largest number of test pictures per category, drawn with labels and defect types
            in proportion; None takes all.
        size: Side of the encoder's square, and of the square at which pixels are compared; None
            takes the detector's own.
        one_database: All categories share one database that routes each query.
        tune: Tune the method on each support before measuring.
        json_path: File to write; its folder is made if need be.
        report: Told the category at work and the test pictures finished of all.
        factory: Loads the detector.

    Raises:
        UsageError: If there is no data, a number is out of range, or the method cannot do what
            is asked.
        ModelUnavailable: If the preset's weights are not on this machine.
        CheckpointMismatch: If the checkpoint does not fit.
    """
    request = EvaluationRequest(
        method=method,
        preset=preset,
        checkpoint=checkpoint,
        variant=variant,
        roots=tuple(roots),
        shots=shots,
        seed=seed,
        limit=limit,
        size=size,
        one_database=one_database,
        tune=tune,
    )
    return _evaluate(request, json_path, report, factory)


def compare(
    methods: Sequence[str],
    preset: str = "embedded",
    checkpoint: str = "open",
    variant: str | None = None,
    roots: Sequence[Path] = (),
    shots: int = 4,
    seed: int = 0,
    limit: int | None = None,
    size: int | None = None,
    *,
    json_path: Path | None = None,
    report: Report | None = None,
    factory: DetectorFactory = adapp.load_detector,
) -> Comparison:
    """Return several methods measured on the same supports and queries.

    Args:
        methods: Registry keys; each is measured once.
        preset: This and the next seven as for :func:`evaluate`, the same for every method.
        checkpoint: See above.
        variant: See above.
        roots: See above.
        shots: See above.
        seed: See above.
        limit: See above.
        size: See above.
        json_path: ``FOLDER/NAME.json`` writes ``FOLDER/NAME_<method>.json`` for each method, as
            soon as that method is done.
        report: As for :func:`evaluate`, with the method before the category.
        factory: Loads the detectors.

    Raises:
        UsageError: If no method is named; and as :func:`evaluate`.
        ModelUnavailable: As :func:`evaluate`.
        CheckpointMismatch: As :func:`evaluate`.
    """
    names = list(dict.fromkeys(methods))
    if not names:
        msg = "No method given: name at least one."
        raise UsageError(msg)
    asked = EvaluationRequest(
        method=names[0],
        preset=preset,
        checkpoint=checkpoint,
        variant=variant,
        roots=tuple(roots),
        shots=shots,
        seed=seed,
        limit=limit,
        size=size,
    )
    results: dict[str, EvaluationJson] = {}
    files: dict[str, Path] = {}
    for name in names:
        if json_path is not None:
            suffix = json_path.suffix or ".json"
            files[name] = json_path.with_name(f"{json_path.stem}_{name}{suffix}")
        request = replace(asked, method=name)
        results[name] = _evaluate(request, files.get(name), _prefixed(report, name), factory)
    return Comparison(results, side_by_side(list(results.values())), tuple(files.values()))


def write_json(result: Mapping[str, object], path: Path) -> None:
    """Write ``result`` to ``path``, whole or not at all; NaN is refused.

    Raises:
        UsageError: If the place cannot be written to.
    """
    text = json.dumps(result, indent=1, allow_nan=False, ensure_ascii=False)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror}); choose another place."
        raise UsageError(msg) from error


def _evaluate(
    request: EvaluationRequest,
    json_path: Path | None,
    report: Report | None,
    factory: DetectorFactory,
) -> EvaluationJson:
    dataset = read_roots(request.roots)
    detector = request.load(factory)
    result = BenchmarkRun(request, detector, report).result(dataset)
    if json_path is not None:
        write_json(result, json_path)
    return result


def _prefixed(report: Report | None, method: str) -> Report | None:
    if report is None:
        return None

    def prefixed(stage: str, done: int, total: int) -> None:
        report(f"{method}: {stage}", done, total)

    return prefixed
