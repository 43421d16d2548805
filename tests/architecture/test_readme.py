"""The README is true: two set-up commands, a map equal to the tree, a snippet that runs."""

import re
import tomllib

import numpy as np
import pytest
from PIL import Image

from tests.architecture.tree import PACKAGE, ROOT, modules

README = (ROOT / "README.md").read_text(encoding="utf-8")
FRONT_MATTER, BODY = README.removeprefix("---\n").split("\n---\n", 1)
RUN = (
    "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python app.py"
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _section(title: str) -> str:
    """Return the text below the heading ``title`` up to the next of its level."""
    match = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", BODY, re.MULTILINE | re.DOTALL)
    assert match, f"README has no section {title!r}"
    return match[1]


def _blocks(text: str, language: str) -> list[str]:
    return [code for kind, code in FENCE.findall(text) if kind == language]


def _front(key: str) -> str:
    match = re.search(rf'^{key}: "?([^"\n]+)"?$', FRONT_MATTER, re.MULTILINE)
    assert match, f"front matter has no {key}"
    return match[1]


def _project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_exactly_two_commands_do_all_the_set_up():
    commands = [block.strip() for block in _blocks(_section("Set up"), "bash")]
    assert commands == [
        RUN,
        "bash .ci/run",
    ]
    everywhere = "\n".join(_blocks(BODY, "bash"))
    assert len(re.findall(r"pip install|apt|conda|npm|\.ci/run", everywhere)) == 2


def _described() -> dict[str, str]:
    (block,) = _blocks(_section("Map"), "text")
    pairs = [re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in block.splitlines() if line]
    assert all(len(pair) == 2 for pair in pairs), "every file has its own line of description"
    assert len({path for path, _ in pairs}) == len(pairs), "a file is described twice"
    return dict(pairs)


def test_map_is_the_tree():
    tree = set()
    for path in modules():
        place = path.relative_to(PACKAGE)
        if place.name != "__init__.py":
            tree.add(place.as_posix())
        elif place.parent.name:
            tree.add(f"{place.parent.as_posix()}/")
    described = set(_described())
    assert described - tree == set(), "described, but not there"
    assert tree - described == set(), "there, but not described"


def test_front_matter_agrees_with_the_project():
    project = _project()
    assert (ROOT / _front("app_file")).is_file()
    assert _front("license") == str(project["license"]).lower()
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    low = re.search(r"^gradio>=([\d.]+),<(\d+)", pins, re.MULTILINE)
    assert low
    version = tuple(int(part) for part in _front("sdk_version").split("."))
    assert tuple(int(part) for part in low[1].split(".")) <= version < (int(low[2]),)
    assert _front("python_version") in {"3.11", "3.12", "3.13"}


def test_every_local_link_leads_somewhere():
    targets = [
        target.split("#")[0]
        for target in re.findall(r"\]\(([^)]+)\)", BODY)
        if not target.startswith(("http", "#"))
    ]
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.slow
def test_python_snippet_runs_as_printed(tmp_path, monkeypatch):
    (snippet,) = _blocks(_section("Use from Python"), "python")
    rng = np.random.default_rng(0)
    good = [rng.integers(90, 130, (96, 128, 3), dtype=np.uint8) for _ in range(3)]
    spoiled = good[2].copy()
    spoiled[40:56, 40:72] = 255
    for folder, pictures in {"good": good[:2], "parts": [spoiled]}.items():
        (tmp_path / folder).mkdir()
        for number, pixels in enumerate(pictures):
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(snippet, "README.md", "exec"), names)  # noqa: S102 - our own text, as a reader would run it
    result = names["result"]
    assert result.fused_map.shape == (96, 128)
    inside = result.fused_map[40:56, 40:72].mean()
    assert inside > result.fused_map.mean()
