"""``detect``: inspect pictures into a folder."""

import argparse
from collections.abc import Mapping
from functools import partial
from typing import Any

from adapp.cli.terminal import Progress
from adapp.data.images import expand_paths
from adapp.services.detection import detect
from adapp.services.export import ResultsWriter
from adapp.services.inspection import InspectionRequest
from adapp.services.pool import DetectorPool
from adapp.services.regions import Thresholds


def run(arguments: argparse.Namespace) -> None:
    """Inspect the pictures; print a line for each and remarks on stderr."""
    request = InspectionRequest(
        method=arguments.method,
        preset=arguments.preset,
        checkpoint=arguments.checkpoint,
        category=arguments.category,
        support=expand_paths(arguments.support) if arguments.support else (),
        query=expand_paths(arguments.query),
        variant=arguments.variant,
        seed=arguments.seed,
        size=arguments.size,
        tune=arguments.tune,
        tiles=arguments.tiles,
    )
    own = {"image": arguments.threshold, "pixel": arguments.pixel_threshold}
    writer = ResultsWriter(arguments.out, partial(Thresholds.of, **own), with_paths=True)
    with Progress() as progress:
        detect(
            request,
            DetectorPool(),
            writer,
            report=progress,
            show=lambda query: progress.show(_row(query)),
            tell=progress.tell,
        )


def after_stop(arguments: argparse.Namespace) -> str:
    """Return where the finished pictures are."""
    return f"Pictures finished before are in {arguments.out}."


def _row(query: Mapping[str, Any]) -> str:
    return (
        f"{query['verdict']}\t{query['score']:.4f}\t{len(query['regions'])}\t"
        f"{query['area_percent']:.2f}\t{query['name']}"
    )
