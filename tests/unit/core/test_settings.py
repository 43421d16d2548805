"""The environment decides once, with defaults that need nothing."""

from pathlib import Path

import pytest

from adapp.core.settings import Settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in ("ADAPP_CACHE", "XDG_CACHE_HOME", "ADAPP_WEIGHTS", "ADAPP_FEATURE_CACHE"):
        monkeypatch.delenv(name, raising=False)


def test_defaults():
    settings = Settings()
    assert (settings.preset, settings.checkpoint) == ("auto", "open")
    assert settings.cache_dir == Path.home() / ".cache" / "adapp"
    assert settings.feature_cache is None
    assert settings.weights_dir is None


def test_environment_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("ADAPP_PRESET", "paper")
    monkeypatch.setenv("ADAPP_CHECKPOINT", "research")
    monkeypatch.setenv("ADAPP_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("ADAPP_FEATURE_CACHE", "~/features")
    settings = Settings()
    assert (settings.preset, settings.checkpoint) == ("paper", "research")
    assert settings.weights_dir == tmp_path
    assert settings.feature_cache == Path.home() / "features"


def test_cache_folder_follows_the_desktop_standard_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Settings().cache_dir == tmp_path / "adapp"
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path / "own"))
    assert Settings().cache_dir == tmp_path / "own"


def test_own_pages_follow_the_desktop_standard_unless_named(monkeypatch, tmp_path):
    monkeypatch.delenv("ADAPP_KNOWLEDGE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().knowledge_dir == tmp_path / "adapp" / "knowledge"
    monkeypatch.setenv("ADAPP_KNOWLEDGE", str(tmp_path / "pages"))
    assert Settings().knowledge_dir == tmp_path / "pages"
