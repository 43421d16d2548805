"""Every test can fail: it asserts something, itself or through a helper beside it."""

import ast
from pathlib import Path

from tests.architecture.tree import PACKAGE, ROOT, modules, parse, relative

TEST_FILES = [path for path in modules(ROOT / "tests") if path.name.startswith("test_")]
CHECKING = ("assert", "raises", "warns", "expect", "gradcheck")


def _checks(node: ast.AST, helpers: set[str]) -> bool:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if isinstance(inner, ast.Call):
            name = ast.unparse(inner.func).split(".")[-1]
            if name in helpers or any(word in name for word in CHECKING):
                return True
    return False


def _without_check(path: Path) -> list[str]:
    """Return the tests of ``path`` that assert nothing."""
    functions = [
        node
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    helpers = {node.name for node in functions if _checks(node, set())}
    tests = [node for node in functions if node.name.startswith("test_")]
    idle = [node.name for node in tests if not _checks(node, helpers)]
    return idle if tests else ["a test file without a test"]


def test_every_test_function_asserts():
    assert TEST_FILES
    idle = {relative(path): _without_check(path) for path in TEST_FILES}
    assert {name: tests for name, tests in idle.items() if tests} == {}


def test_unit_tests_mirror_the_package():
    homeless = []
    for path in (path for path in TEST_FILES if "unit" in path.parts):
        folder = path.parent.relative_to(ROOT / "tests" / "unit")
        homes = (PACKAGE / folder, ROOT / folder)  # assets/ holds a script of its own
        if not any(home.is_dir() for home in homes):
            homeless.append(f"no adapp/{folder} for {relative(path)}")
    assert homeless == []
