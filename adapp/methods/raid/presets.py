"""RAID's constants on each preset."""

from adapp.core.errors import UsageError
from adapp.methods.raid.config import DatabaseConfig, FilterConfig, RaidConfig

PAPER = RaidConfig()

EMBEDDED = RaidConfig(
    database=DatabaseConfig(neighbours=16, routing="patches"),
    filter=FilterConfig(
        token_width=3 * 384,
        neighbours=16,
        guidance="tokens",
        squeeze=48,
        groups=4,
        cost_input="log_ratio",
        base_skip=True,
        guidance_dropout=0.1,
    ),
    stages=(1, 2, 3),  # taps after blocks 5, 7 and 9 of 3, 5, 7, 9
    nn_weight=0.25,
    score_nn_weight=0.75,
    focal_gamma=2.0,
    learning_rate=1e-3,
    weight_decay=1e-2,
    crop=16,
    epochs=3,
)

TINY = RaidConfig(
    database=DatabaseConfig(prototypes=8, neighbours=8, routing="patches"),
    filter=FilterConfig(
        token_width=2 * 64,
        neighbours=8,
        guidance="tokens",
        squeeze=16,
        groups=2,
        cost_input="log_ratio",
        base_skip=True,
        guidance_dropout=0.1,
    ),
    stages=(1, 3),
    focal_gamma=2.0,
    learning_rate=1e-3,
    weight_decay=1e-2,
    epochs=2,
)

_PRESETS = {"paper": PAPER, "embedded": EMBEDDED, "tiny": TINY}


def config_for(preset: str) -> RaidConfig:
    """Return RAID's constants on ``preset``.

    Raises:
        UsageError: If the preset does not exist.
    """
    if preset not in _PRESETS:
        msg = f"preset {preset!r} does not exist; choose one of {', '.join(_PRESETS)}"
        raise UsageError(msg)
    return _PRESETS[preset]
