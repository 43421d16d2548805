"""``train``: make a checkpoint."""

import argparse
import shlex

from adapp.cli.terminal import Progress, show
from adapp.methods import registry


def run(arguments: argparse.Namespace) -> None:
    """Train; print the path of the checkpoint."""
    with Progress() as progress:
        checkpoint = registry.train(
            arguments.method,
            preset=arguments.preset,
            variant=arguments.variant,
            roots=tuple(arguments.data),
            out=arguments.out,
            epochs=arguments.epochs,
            seed=arguments.seed,
            leave_out=tuple(arguments.leave_out),
            multi_class=arguments.multi_class,
            resume=arguments.resume,
            report=progress,
        )
    show(str(checkpoint))


def after_stop(arguments: argparse.Namespace) -> str:
    """Return the command that goes on where the training stopped."""
    again = [word for word in arguments.given if word != "--resume"]
    return f"Go on with: {shlex.join(['python', '-m', 'adapp', *again, '--resume'])}"
