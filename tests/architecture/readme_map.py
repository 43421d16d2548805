"""Write the README's map anew from the first docstring line of every file: ``python -m ...``."""

import ast
import re

from tests.architecture.tree import PACKAGE, ROOT

_BLOCK = re.compile(r"(^## Map\n.*?^```text\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
_WIDTH = 36


def described() -> list[str]:
    """Return one line for every file and package below ``adapp/``, sorted by path."""
    lines = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE).as_posix()
        name = relative.removesuffix("__init__.py")
        if not name or not path.read_text("utf-8").strip():
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        lines.append(f"{name:<{_WIDTH}} {docstring.splitlines()[0].rstrip('.')}")
    return sorted(lines)


if __name__ == "__main__":
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    body = "\n".join(described()) + "\n"
    readme.write_text(_BLOCK.sub(lambda found: found[1] + body + found[3], text), "utf-8")
