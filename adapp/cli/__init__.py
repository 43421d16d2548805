"""The commands: ``python -m adapp COMMAND``; ``python -m adapp --help`` lists them.

Exit status: 0 done; 2 something the user can mend, told in one line on stderr; 1 a bug. Results
go to stdout, everything else to stderr. What a command needs is imported when it runs, so that
``--help`` answers at once.
"""

import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module

from adapp.cli.commands import build_parser
from adapp.cli.terminal import tell
from adapp.core.allocator import keep_freed_memory
from adapp.core.errors import AdappError

DONE = 0
MENDABLE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 2 something the user can mend."""
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = build_parser().parse_args(given)
    arguments.given = given
    keep_freed_memory()
    after_stop = ""
    try:
        module = import_module(f"adapp.cli.{arguments.module}")
        after_stop = module.after_stop(arguments)
        _fetch_weights(arguments)
        module.run(arguments)
    except AdappError as error:
        tell(f"adapp {arguments.command}: {' '.join(str(error).split())}")
        return MENDABLE
    except KeyboardInterrupt:
        tell(f"adapp {arguments.command}: stopped. {after_stop}".rstrip())
        return MENDABLE
    return DONE


def _fetch_weights(arguments: Namespace) -> None:
    """Fetch published weights if the user asked for them."""
    if getattr(arguments, "download", False) and getattr(arguments, "method", None):
        methods = [arguments.method] if isinstance(arguments.method, str) else arguments.method
        import_module("adapp.services.weights").fetch(arguments.preset, methods)
