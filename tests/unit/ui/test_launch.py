"""Launch settings that keep the app safe, and the services it is built from."""

import os

import pytest

from adapp.core.errors import ModelUnavailable, UsageError
from adapp.services.pool import DetectorPool
from adapp.ui import presets
from adapp.ui.app_services import app_services
from adapp.ui.blocks import MOST_SESSIONS, MOST_WAITING, build_app, launch_settings
from tests.fakes import FakeLoader

PROMISED = {"methods", "detect", "compare", "calibrate", "explain", "export"}


@pytest.fixture
def services():
    return app_services("tiny", pool=DetectorPool(FakeLoader()), cards=())


def test_launch_settings_expose_nothing(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("ADAPP_AUTH", raising=False)
    settings = launch_settings()
    assert settings["server_name"] == "127.0.0.1"
    assert settings["allowed_paths"] == []
    assert settings["max_file_size"] == "20mb"
    assert settings["strict_cors"] is True
    assert settings["footer_links"] == ["api", "settings"]
    assert settings["state_session_capacity"] == MOST_SESSIONS
    assert settings["auth"] is None
    for switch in ("show_error", "enable_monitoring", "run_history", "share"):
        assert settings[switch] is False


def test_weights_are_blocked_and_sign_in_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("ADAPP_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("ADAPP_AUTH", "inspector:a:b")
    settings = launch_settings()
    assert str(tmp_path) in settings["blocked_paths"]
    assert settings["auth"] == ("inspector", "a:b")


def test_space_listens_everywhere(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/adapp")
    assert launch_settings()["server_name"] == "0.0.0.0"  # noqa: S104 - a Space's own setting


def test_analytics_are_off():
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


def test_only_the_promised_endpoints_are_public(services):
    config = build_app(services).config
    public = {
        dependency["api_name"]
        for dependency in config["dependencies"]
        if dependency["api_visibility"] == "public"
    }
    assert public == PROMISED


def test_queue_is_bounded_and_the_model_takes_one_at_a_time(services):
    app = build_app(services)
    assert app._queue.max_size == MOST_WAITING
    limits = {
        (fn.concurrency_id, fn.concurrency_limit)
        for fn in app.fns.values()
        if fn.api_name in PROMISED - {"methods"} or fn.name == "on_detect"
    }
    assert limits == {("gpu", 1)}


def test_tiny_is_offered_only_where_it_was_asked_for():
    assert presets.offered("embedded") == ("embedded", "paper")
    assert "tiny" in presets.offered("tiny")


def test_asked_preset_is_taken_and_a_wrong_one_refused():
    pool = DetectorPool(FakeLoader())
    assert presets.choose_preset("paper", pool, "open")[0] == "paper"
    with pytest.raises(UsageError, match="auto, embedded, paper, tiny"):
        presets.choose_preset("huge", pool, "open")


@pytest.mark.parametrize(
    ("gpu", "weights", "preset", "reason"),
    [
        (False, True, "embedded", "No GPU found"),
        (True, False, "embedded", "weights are not here"),
        (True, True, "paper", "GPU and published weights found"),
    ],
)
def test_auto_says_what_it_took_and_why(monkeypatch, gpu, weights, preset, reason):
    class Loader(FakeLoader):
        def __call__(self, name, **options):
            if not weights:
                message = "the weights are not here"
                raise ModelUnavailable(message)
            return super().__call__(name, **options)

    monkeypatch.setattr(presets, "has_gpu", lambda: gpu)
    chosen, told = presets.choose_preset("auto", DetectorPool(Loader()), "open")
    assert chosen == preset
    assert reason in told
