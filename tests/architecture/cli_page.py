"""``docs/cli.md``, made from the parser: ``python -m tests.architecture.cli_page``."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from adapp.cli.commands import build_parser

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
HEAD = """# Commands

Made from the parser by `python -m tests.architecture.cli_page`; a test keeps it up to date.

Exit status: 0 done; 2 something you can mend, told in one line on stderr; 1 a bug. Results go to
stdout, everything else to stderr.
"""


def page() -> str:
    """Return the Markdown text of all commands and their options."""
    parser = build_parser()
    return "\n".join([HEAD, *(_command(name, sub) for name, sub in _commands(parser, ""))])


def _commands(
    parser: argparse.ArgumentParser, before: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every command with its whole name; those with actions, then their actions."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                yield f"{before}{name}", sub
                yield from _commands(sub, f"{before}{name} ")


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    description = (parser.description or "").replace("%%", "%")
    options = [action for action in parser._actions if action.dest not in {"help", "action"}]
    if not options:
        return f"## {name}\n\n{description}\n"
    rows = "\n".join(_row(parser, action) for action in options)
    return f"## {name}\n\n{description}\n\n| option | meaning |\n|---|---|\n{rows}\n"


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else _value(action)
    option = " ".join(part for part in (*action.option_strings[-1:], value) if part)
    told = parser._get_formatter()._expand_help(action)
    needed = "**needed**; " if action.required else ""
    return f"| `{option}` | {needed}{told} |"


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, tuple):
        return " ".join(action.metavar)
    name = action.metavar or "\\|".join(map(str, action.choices or [action.dest.upper()]))
    return f"{name}..." if action.nargs == "+" else str(name)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
