"""Environment and defaults, read once at the edge."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

PACKAGE_ROOT = Path(__file__).resolve().parents[1]
PROJECT_ROOT = PACKAGE_ROOT.parent
PRESETS = ("embedded", "paper", "tiny")


def _cache_dir() -> Path:
    given = os.environ.get("ADAPP_CACHE")
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "adapp"


def _feature_cache() -> Path | None:
    given = os.environ.get("ADAPP_FEATURE_CACHE")
    return Path(given).expanduser() if given else None


def _knowledge_dir() -> Path:
    given = os.environ.get("ADAPP_KNOWLEDGE")
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "adapp" / "knowledge"


def _weights_dir() -> Path | None:
    given = os.environ.get("ADAPP_WEIGHTS")
    return Path(given).expanduser() if given else None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment decides.

    Attributes:
        preset: ``ADAPP_PRESET``; ``auto`` lets the app choose.
        checkpoint: ``ADAPP_CHECKPOINT``: ``open``, ``research`` or a file.
        cache_dir: ``ADAPP_CACHE``; converted weights live here.
        feature_cache: ``ADAPP_FEATURE_CACHE``; patch tokens of ``evaluate`` and ``train`` are kept
            here when it is set.
        knowledge_dir: ``ADAPP_KNOWLEDGE``; the permanent index of the operator's own pages.
        weights_dir: ``ADAPP_WEIGHTS``; published weights the user brought along.
        checkpoints_dir: Where shipped checkpoints lie.
        assets_dir: Where example parts lie.
    """

    preset: str = field(default_factory=lambda: os.environ.get("ADAPP_PRESET", "auto"))
    checkpoint: str = field(default_factory=lambda: os.environ.get("ADAPP_CHECKPOINT", "open"))
    cache_dir: Path = field(default_factory=_cache_dir)
    feature_cache: Path | None = field(default_factory=_feature_cache)
    knowledge_dir: Path = field(default_factory=_knowledge_dir)
    weights_dir: Path | None = field(default_factory=_weights_dir)
    checkpoints_dir: Path = PROJECT_ROOT / "checkpoints"
    assets_dir: Path = PROJECT_ROOT / "assets"

    @property
    def page_keys(self) -> Literal["open", "research"]:
        """Which pictures taught how pictures find knowledge pages; a method's own file: open."""
        return "research" if self.checkpoint == "research" else "open"
