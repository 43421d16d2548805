"""Files sit where style says, have honest names and stay small."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT, modules, parse, relative

MODULE_CEILING = 400
FUNCTION_CEILING = 50
METHOD_FILES = {
    "README.md",
    "__init__.py",
    "config.py",
    "model.py",
    "losses.py",
    "train.py",
    "detector.py",
}
BANNED = re.compile(r"^(utils?|helpers?|common|misc|.*_v\d+|new_.*)$")
METHODS = sorted(path.parent for path in (PACKAGE / "methods").glob("*/__init__.py"))


def _is_protocol_home(tree: ast.Module) -> bool:
    return any(
        isinstance(base, ast.Name) and base.id == "Protocol"
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for base in node.bases
    )


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of ``function`` without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def _own_name(path: Path) -> str:
    """Return a module's name, of a package's ``__init__`` the package's."""
    return path.parent.name if path.stem == "__init__" else path.stem


def test_module_names_say_what_they_hold():
    assert [relative(path) for path in modules() if BANNED.match(_own_name(path))] == []
    bases = [path for path in modules() if _own_name(path) == "base"]
    strays = [relative(path) for path in bases if not _is_protocol_home(parse(path))]
    assert strays == [], "base.py is a Protocol's home only"


def test_modules_stay_below_the_ceiling():
    lines = {
        relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()
    }
    assert {name: count for name, count in lines.items() if count > MODULE_CEILING} == {}


def test_functions_stay_below_the_ceiling():
    long = {
        f"{relative(path)}: {node.name}": _code_lines(node)
        for path in modules()
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _code_lines(node) > FUNCTION_CEILING
    }
    assert long == {}


@pytest.mark.parametrize("folder", METHODS, ids=lambda folder: folder.name)
def test_method_folder_has_the_same_files_as_its_siblings(folder):
    present = {path.name for path in folder.iterdir() if path.is_file()}
    assert present >= METHOD_FILES


def test_raid_keeps_its_hierarchy_in_one_place():
    assert METHODS, "no method folder found"
    assert (PACKAGE / "methods" / "raid" / "database.py").is_file()


def test_every_package_is_a_package():
    folders = {path.parent for path in modules()}
    assert {folder for folder in folders if not (folder / "__init__.py").is_file()} == set()


def test_an_installed_package_has_every_file_the_checkout_has():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["adapp"]
    listed = {path for pattern in patterns for path in PACKAGE.glob(pattern)}
    others = {
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert others - listed == set()


def test_app_file_only_starts_the_ui():
    source = (ROOT / "app.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 20
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= {"adapp", "os"}
