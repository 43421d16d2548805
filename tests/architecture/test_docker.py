"""The container: what it copies is there, it runs as nobody special, and its health is asked."""

import re

from tests.architecture.tree import ROOT

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_copied_files_exist():
    sources = re.findall(r"^COPY --chown=adapp (\S+) ", TEXT, re.MULTILINE)
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_it_does_not_run_as_root_and_listens_where_it_says():
    assert TEXT.index("USER adapp") < TEXT.index("CMD [")
    assert "EXPOSE 7860" in TEXT
    assert "ADAPP_HOST" in TEXT


def test_health_check_is_a_program_that_parses_and_asks_the_exposed_port():
    program = re.search(r'HEALTHCHECK.*?"-c", "([^"]+)"', TEXT, re.DOTALL)[1]
    compile(program, "Dockerfile", "exec")
    assert ":7860/" in program


def test_what_is_not_needed_stays_out():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", "tests", ".venv"} <= set(ignored)
    for needed in ("checkpoints", "assets", "adapp", "app.py", "requirements.txt"):
        assert needed not in ignored
        assert (ROOT / needed).exists()
