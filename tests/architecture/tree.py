"""What the architecture tests look at: the project's own source files."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "adapp"


def modules(folder: Path = PACKAGE) -> list[Path]:
    """Return every Python file below ``folder``, sorted."""
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def relative(path: Path) -> str:
    """Return ``path`` as seen from the project's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def parse(path: Path) -> ast.Module:
    """Return the syntax tree of ``path``; several rules look at the same one."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def tracked_text() -> dict[str, str]:
    """Return path -> text of every text file that git knows, or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    texts = {}
    for name in filter(None, listed):
        path = ROOT / name
        if not path.is_file() or path.suffix in {".safetensors", ".png", ".jpg", ".npz", ".npy"}:
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return texts
