"""Settings from outside: where the app listens, who may sign in, tools for agents."""

import pytest

from adapp.core.errors import UsageError
from adapp.ui import blocks


def test_only_this_machine_reaches_the_app_unless_told_otherwise(monkeypatch):
    for name in ("ADAPP_HOST", "SPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    assert blocks.launch_settings()["server_name"] == "127.0.0.1"
    monkeypatch.setenv("ADAPP_HOST", "10.0.0.7")
    assert blocks.launch_settings()["server_name"] == "10.0.0.7"


def test_sign_in_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("ADAPP_AUTH", raising=False)
    assert blocks.launch_settings()["auth"] is None
    monkeypatch.setenv("ADAPP_AUTH", "plant:a:b")
    assert blocks.launch_settings()["auth"] == ("plant", "a:b")


def test_tools_for_agents_need_their_package(monkeypatch):
    monkeypatch.setenv("ADAPP_MCP", "1")
    monkeypatch.setattr(blocks, "find_spec", lambda name: None)  # noqa: ARG005 - as the original
    with pytest.raises(UsageError, match="pip install"):
        blocks.launch_settings()
    monkeypatch.setattr(blocks, "find_spec", lambda name: name)
    assert blocks.launch_settings()["mcp_server"] is True
    monkeypatch.setenv("ADAPP_MCP", "0")
    assert blocks.launch_settings()["mcp_server"] is False
