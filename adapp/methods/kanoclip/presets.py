"""KAnoCLIP's constants on each preset."""

from adapp.auxiliary.sampling import Mixture
from adapp.core.errors import UsageError
from adapp.methods.kanoclip.config import (
    GlobalConfig,
    InteractionConfig,
    KanoConfig,
    LossConfig,
    PromptConfig,
    TrainingConfig,
)

PAPER = KanoConfig()

EMBEDDED = KanoConfig(
    prompts=PromptConfig(name_dropout=0.5, picture_texts=20),
    interaction=InteractionConfig(
        inner=48,
        heads=4,
        groups=4,
        stride=4,
        dropout=0.3,
        gate=1e-2,
        self_neighbours=(1, 4, 1000),
        self_stages=(2,),  # the tap after block 7
        self_stride=2,
        evidence_dropout=0.3,
    ),
    globals=GlobalConfig(reader=True, soft_top_percent=0.5),
    loss=LossConfig(stages="fused", guide_weight=30.0),
    training=TrainingConfig(
        epochs=2,
        steps=60,
        batch=16,
        mixture=Mixture(real=0.6, synthetic=0.2, rendered=0.2, normal=0.4),
        prompt_rate=1e-3,
        network_rate=1e-4,
        weight_decay=5e-2,
        schedule="cosine",
    ),
    local_from=9,
    path="both",
    centre=True,
)

TINY = KanoConfig(
    prompts=PromptConfig(prefix=4, name_dropout=0.5, picture_texts=4),
    interaction=InteractionConfig(
        inner=16,
        heads=2,
        groups=2,
        stride=2,
        kernel=3,
        dropout=0.1,
        gate=1e-2,
        self_neighbours=(1, 4),
        self_stages=(2, 3),
        self_stride=2,
        evidence_dropout=0.2,
    ),
    globals=GlobalConfig(reader=True, soft_top_percent=2.0),
    loss=LossConfig(stages="fused", guide_weight=1.0),
    training=TrainingConfig(
        epochs=3,
        steps=6,
        batch=4,
        mixture=Mixture(),
        network_rate=1e-3,
        schedule="cosine",
        threshold_folds=2,
    ),
    local_from=3,
    path="both",
    centre=True,
)

_PRESETS = {"paper": PAPER, "embedded": EMBEDDED, "tiny": TINY}


def config_for(preset: str) -> KanoConfig:
    """Return KAnoCLIP's constants on ``preset``.

    Raises:
        UsageError: If the preset does not exist.
    """
    if preset not in _PRESETS:
        msg = f"preset {preset!r} does not exist; choose one of {', '.join(_PRESETS)}"
        raise UsageError(msg)
    return _PRESETS[preset]
