"""``--download``: fetch published weights, the only moment a command uses the network."""

from collections.abc import Sequence

from adapp.backbones.factory import create


def fetch(preset: str, methods: Sequence[str]) -> None:
    """Put the published weights of ``methods`` into the hub cache if they are not there yet.

    Raises:
        UsageError: If the preset or a method does not exist.
        ModelUnavailable: If the weights cannot be fetched.
    """
    for method in methods:
        create(preset, method, download=True)
