"""ADSeeker's constants on each preset."""

from adapp.auxiliary.sampling import Mixture
from adapp.core.errors import UsageError
from adapp.methods.adseeker.config import (
    ContrastConfig,
    LossConfig,
    PromptConfig,
    ScoreConfig,
    SeekerConfig,
    SparseConfig,
    TrainingConfig,
    TypeConfig,
)

PAPER = SeekerConfig()

EMBEDDED = SeekerConfig(
    prompts=PromptConfig(init_std=0.0, anchored=True, neutral=0.5, name_dropout=0.5),
    types=TypeConfig(stages="all"),
    telling=TypeConfig(
        stages="all", shrink=0.86, form="direction", rivals=("linear",), outline=0.15
    ),
    sparse=SparseConfig(inside=False, dropout=0.3, projection=False),
    contrast=ContrastConfig(
        neighbours=(1, 4, 1000),
        stages=(2,),  # the tap after block 7
        stride=2,
        dropout=0.3,
    ),
    score=ScoreConfig(shift=1.0, pool="statistics", soft_top_percent=0.5),
    loss=LossConfig(stages="fused", balanced=True, focal_gamma=0.0),
    training=TrainingConfig(
        stage_epochs=1,
        stage_steps=20,
        epochs=3,
        steps=60,
        batch=16,
        mixture=Mixture(real=0.6, synthetic=0.2, rendered=0.2, normal=0.4),
        rate=1e-3,
        prompt_rate=1e-4,
        schedule="cosine",
    ),
)

TINY = SeekerConfig(
    prompts=PromptConfig(prefix=4, init_std=0.0, anchored=True, neutral=0.5, name_dropout=0.5),
    types=TypeConfig(stages="all", least=1, groups=2),
    telling=TypeConfig(
        stages="all", least=1, groups=2, form="direction", rivals=("linear",), outline=0.15
    ),
    sparse=SparseConfig(atoms=6, inside=False, dropout=0.2, projection=False),
    contrast=ContrastConfig(neighbours=(1, 4), stages=(2, 3), stride=2, dropout=0.2),
    score=ScoreConfig(shift=1.0, pool="statistics", soft_top_percent=2.0),
    loss=LossConfig(stages="fused"),
    training=TrainingConfig(
        stage_epochs=1,
        stage_steps=2,
        epochs=3,
        steps=6,
        batch=4,
        mixture=Mixture(),
        schedule="cosine",
        threshold_folds=2,
    ),
)

_PRESETS = {"paper": PAPER, "embedded": EMBEDDED, "tiny": TINY}


def config_for(preset: str) -> SeekerConfig:
    """Return ADSeeker's constants on ``preset``.

    Raises:
        UsageError: If the preset does not exist.
    """
    if preset not in _PRESETS:
        msg = f"preset {preset!r} does not exist; choose one of {', '.join(_PRESETS)}"
        raise UsageError(msg)
    return _PRESETS[preset]
