"""``bench``: measure speed and memory on this machine."""

import argparse

from adapp.cli.terminal import Progress, show
from adapp.services.bench import run as measure


def run(arguments: argparse.Namespace) -> None:
    """Measure; print a table."""
    with Progress() as progress:
        table = measure(
            methods=tuple(arguments.method),
            preset=arguments.preset,
            json_path=arguments.json,
            report=progress,
        )
    show(table)


def after_stop(_: argparse.Namespace) -> str:
    """Return what is kept: nothing."""
    return "Nothing was written."
