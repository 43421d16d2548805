"""``compare``: measure several methods on the same pictures."""

import argparse

from adapp.cli.options import measured
from adapp.cli.terminal import Progress, show
from adapp.services.benchmark import compare


def run(arguments: argparse.Namespace) -> None:
    """Measure; print the methods side by side."""
    with Progress() as progress:
        comparison = compare(arguments.method, **measured(arguments), report=progress)
    show(comparison.table)


def after_stop(_: argparse.Namespace) -> str:
    """Return what is kept: the JSON of each finished method."""
    return "Methods finished before have their JSON file, if one was asked for."
