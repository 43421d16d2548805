"""Imports point downwards only, and the command line starts without anything heavy."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT, modules, parse, relative

HEAVY = {"torch", "transformers", "gradio", "faiss", "sklearn", "matplotlib", "open_clip", "onnx"}

# Also for packages that nothing imports yet, which import-linter cannot name.
HOMES = {
    "gradio": {"ui"},
    "faiss": {"retrieval"},
    "matplotlib": {"rendering"},
    "open_clip": {"backbones"},
    "transformers": {"backbones", "reasoning"},
    "torch": {"auxiliary", "backbones", "methods", "ops", "training", "reasoning"},
}


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ['PYTHONPATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def _loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules, sep='\\n')"
    child = _run(sys.executable, "-c", code)
    assert child.returncode == 0, child.stderr
    return {name.split(".")[0] for name in child.stdout.splitlines()}


def test_import_contracts_are_kept():
    lint = _run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert "0 broken" in lint.stdout


@pytest.mark.parametrize("module", ["adapp", "adapp.cli", "adapp.__main__", "adapp.core.results"])
def test_light_modules_load_nothing_heavy(module):
    assert _loaded_by(f"import {module}") & HEAVY == set()


def test_app_file_does_not_load_a_model_library():
    assert _loaded_by("import app") & {"torch", "transformers", "faiss", "sklearn", "onnx"} == set()


@pytest.mark.parametrize(("package", "homes"), HOMES.items())
def test_heavy_package_stays_at_home(package, homes):
    strays = {
        relative(path)
        for path in modules()
        for node in ast.walk(parse(path))
        if package in _imported(node) and path.relative_to(PACKAGE).parts[0] not in homes
    }
    assert strays == set()


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").split(".")[0]}
    return set()
