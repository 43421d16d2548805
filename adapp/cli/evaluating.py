"""``evaluate``: measure one method on data sets."""

import argparse

from adapp.cli.options import measured
from adapp.cli.terminal import Progress, show
from adapp.core.errors import UsageError
from adapp.evaluation.table import category_table
from adapp.services.benchmark import evaluate


def run(arguments: argparse.Namespace) -> None:
    """Measure; print a row for each category and the mean."""
    with Progress() as progress:
        result = evaluate(
            arguments.method,
            **measured(arguments),
            one_database=arguments.one_database,
            tune=arguments.tune,
            report=progress,
        )
    show(category_table(result))
    if not result["categories"]:
        reasons = "; ".join(f"{name}: {why}" for name, why in result["skipped"].items())
        msg = f"No category could be measured ({reasons}); check --data and --shots."
        raise UsageError(msg)


def after_stop(_: argparse.Namespace) -> str:
    """Return what is kept: nothing."""
    return "Nothing was written."
