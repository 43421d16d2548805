"""The parser of all commands: full option names only, and one line for a mistake."""

import argparse
import sys
from typing import Any, NoReturn, TypeAlias

from adapp.cli.terminal import tell

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"  # noqa: SLF001  # no public name


class Parser(argparse.ArgumentParser):
    """A parser that takes options by their full name and tells a mistake in one line."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # argparse's own, passed on
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Exit with status 2 and one line that says what is wrong and where help is."""
        tell(f"{self.prog}: {message}. See '{self.prog} --help'.")
        sys.exit(2)
