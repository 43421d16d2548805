"""H2VLR's constants on each preset."""

from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.core.errors import UsageError
from adapp.methods.h2vlr.config import (
    GalleryConfig,
    GraphConfig,
    H2vlrConfig,
    InductionConfig,
    LossConfig,
    Schedule,
    ScoreConfig,
)

PAPER = H2vlrConfig(autocast=True)

EMBEDDED = H2vlrConfig(
    induction=InductionConfig(
        hidden=192,
        anchor="none",
        source="patches",
        local_from=None,
        stages=(0, 1, 2, 3),
    ),
    gallery=GalleryConfig(
        stages=(1, 2, 3),  # taps after blocks 5, 7 and 9 of 3, 5, 7, 9
        matching="joined",
        calibration="support_quantile",
        steepness=2.0,
        search_width=128,
    ),
    graph=GraphConfig(
        structure="visual",
        structure_tap=1,
        width=32,
        tokens=False,
        evidence=True,
        head_width=32,
        residual=True,
        base_skip=True,
        propagation=0.3,
    ),
    score=ScoreConfig(hidden=16, scale=1, base_skip=True, detached=True, dropout=0.5),
    loss=LossConfig(ranking=1.0, balance=4.0),
    induce=Schedule(optimiser="adamw", rate=1e-3, decay=1e-2, epochs=2, batch=24),
    reason=Schedule(optimiser="adamw", rate=1e-3, decay=1e-2, epochs=4, batch=8),
    tuning=Schedule(optimiser="adamw", rate=3e-4, decay=1e-2, epochs=5, batch=8),
    joint=False,
    views=32,
    autocast=True,
    bridge=BridgeConfig(centre="mean", guide_regularisation=0.1),
    cross_fit=3,
)

TINY = H2vlrConfig(
    induction=InductionConfig(
        hidden=16,
        anchor="support",
        source="patches",
        local_from=None,
        stages=(0, 1, 2, 3),
    ),
    gallery=GalleryConfig(
        stages=(1, 3),
        matching="joined",
        calibration="support_quantile",
        steepness=2.0,
        search_width=24,
    ),
    graph=GraphConfig(
        structure="visual",
        structure_tap=0,
        width=24,
        squeeze=8,
        evidence=True,
        readings=True,
        direction=True,
        head_width=16,
        residual=True,
        base_skip=True,
        token_dropout=0.1,
    ),
    score=ScoreConfig(hidden=16, scale=1, base_skip=True, detached=True),
    loss=LossConfig(ranking=1.0, balance=4.0),
    induce=Schedule(optimiser="adamw", rate=1e-3, decay=1e-2, epochs=1, batch=24),
    reason=Schedule(optimiser="adamw", rate=1e-3, decay=1e-2, epochs=2, batch=8),
    tuning=Schedule(optimiser="adamw", rate=3e-4, decay=1e-2, epochs=2, batch=8),
    joint=False,
    views=8,
    bridge=BridgeConfig(epochs=1, steps=4, batch=4, warmup=1, centre="mean"),
    cross_fit=2,
)

_PRESETS = {"paper": PAPER, "embedded": EMBEDDED, "tiny": TINY}


def config_for(preset: str) -> H2vlrConfig:
    """Return H2VLR's constants on ``preset``.

    Raises:
        UsageError: If the preset does not exist.
    """
    if preset not in _PRESETS:
        msg = f"preset {preset!r} does not exist; choose one of {', '.join(_PRESETS)}"
        raise UsageError(msg)
    return _PRESETS[preset]
