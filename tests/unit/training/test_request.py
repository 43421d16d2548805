"""The commit in a card: marked when code changed, not when a checkpoint did."""

import subprocess

import pytest

from adapp.training import request


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Return a repository with one file of code and one checkpoint."""
    (tmp_path / "checkpoints").mkdir()
    for name in ("code.py", "checkpoints/net.json"):
        (tmp_path / name).write_text("1")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "start"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    monkeypatch.setattr(request, "PROJECT_ROOT", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("checkout")
def test_a_clean_checkout_is_named_by_its_commit():
    told = request.commit()
    assert len(told) == 12
    assert set(told) <= set("0123456789abcdef")


def test_changed_code_marks_the_commit_and_a_changed_checkpoint_does_not(checkout):
    clean = request.commit()
    (checkout / "checkpoints" / "net.json").write_text("2")
    assert request.commit() == clean
    (checkout / "code.py").write_text("2")
    assert request.commit() == f"{clean}-dirty"


def test_without_a_repository_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(request, "PROJECT_ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert request.commit() == "unknown"
