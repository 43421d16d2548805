"""Every test can fail: it asserts something, itself or through a helper beside it."""

import ast

import pytest

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


@pytest.mark.parametrize("path", TEST_FILES, ids=relative)
def test_every_test_function_asserts(path):
    functions = [
        node
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    helpers = {node.name for node in functions if _checks(node, set())}
    tests = [node for node in functions if node.name.startswith("test_")]
    assert tests, "a test file without a test"
    assert [node.name for node in tests if not _checks(node, helpers)] == []


@pytest.mark.parametrize(
    "path", [path for path in TEST_FILES if "unit" in path.parts], ids=relative
)
def test_unit_tests_mirror_the_package(path):
    folder = path.parent.relative_to(ROOT / "tests" / "unit")
    homes = (PACKAGE / folder, ROOT / folder)  # assets/ holds a script of its own
    assert any(home.is_dir() for home in homes), f"no adapp/{folder} for {relative(path)}"
