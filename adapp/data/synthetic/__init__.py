"""Synthetic anomalies: normal pictures in, damaged pictures with exact masks out."""

from adapp.data.synthetic.config import (
    RECIPES,
    ForegroundRule,
    Recipe,
    SyntheticConfig,
    TextureSource,
)
from adapp.data.synthetic.generator import SyntheticAnomalies, SyntheticSample
from adapp.data.synthetic.typed import DEFECT_TYPES

__all__ = [
    "DEFECT_TYPES",
    "RECIPES",
    "ForegroundRule",
    "Recipe",
    "SyntheticAnomalies",
    "SyntheticConfig",
    "SyntheticSample",
    "TextureSource",
]
