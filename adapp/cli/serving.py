"""``serve``: the app in the browser."""

import argparse

from adapp.ui.blocks import launch


def run(arguments: argparse.Namespace) -> None:
    """Serve the app until it is interrupted."""
    launch(host=arguments.host, port=arguments.port, preset=arguments.preset)


def after_stop(_: argparse.Namespace) -> str:
    """Return nothing to add."""
    return ""
