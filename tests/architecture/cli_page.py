"""``docs/cli.md``, made from the parser: ``python -m tests.architecture.cli_page``."""

import argparse
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
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    parts = [HEAD, *(_command(name, sub) for name, sub in commands.choices.items())]
    return "\n".join(parts)


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    description = (parser.description or "").replace("%%", "%")
    rows = "\n".join(_row(parser, action) for action in parser._actions if action.dest != "help")
    return f"## {name}\n\n{description}\n\n| option | meaning |\n|---|---|\n{rows}\n"


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else f" {_value(action)}"
    told = parser._get_formatter()._expand_help(action)
    needed = "**needed**; " if action.required else ""
    return f"| `{action.option_strings[-1]}{value}` | {needed}{told} |"


def _value(action: argparse.Action) -> str:
    name = action.metavar or "\\|".join(map(str, action.choices or [action.dest.upper()]))
    return f"{name}..." if action.nargs == "+" else str(name)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
