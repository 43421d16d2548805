"""Published weights: fetched only when a person asks, by ``--download`` or by the app's button."""

import importlib
from collections.abc import Sequence


def fetch(preset: str, methods: Sequence[str]) -> None:
    """Put the published weights of ``methods`` into the hub cache if they are not there yet.

    Raises:
        UsageError: If the preset or a method does not exist.
        ModelUnavailable: If the weights cannot be fetched.
    """
    factory = importlib.import_module("adapp.backbones.factory")  # loads torch: only when asked
    for method in methods:
        factory.create(preset, method, download=True)
