"""``compare``: measure several methods on the same pictures."""

import argparse

from adapp.cli.options import measured
from adapp.cli.terminal import Progress, show
from adapp.core.errors import UsageError
from adapp.methods import registry
from adapp.services.benchmark import compare


def run(arguments: argparse.Namespace) -> None:
    """Measure; print the methods side by side."""
    for name in arguments.method:  # before the first of them is measured for hours
        registry.check(name, variant=arguments.variant, seed=arguments.seed)
    with Progress() as progress:
        comparison = compare(arguments.method, **measured(arguments), report=progress)
    show(comparison.table)
    if not any(result["categories"] for result in comparison.results.values()):
        msg = "No method could measure a category; the reasons are above. Check --data and --shots."
        raise UsageError(msg)


def after_stop(_: argparse.Namespace) -> str:
    """Return what is kept: the JSON of each finished method."""
    return "Methods finished before have their JSON file, if one was asked for."
