"""Options of the commands for long runs, which keep what is done: ``batch`` and ``reproduce``."""

from pathlib import Path
from typing import TYPE_CHECKING

from adapp.cli.options import (
    checkpoint_option,
    not_negative,
    paths_option,
    positive,
    preset_option,
    size_option,
    tune_option,
)
from adapp.services.paper_tables import TABLES

if TYPE_CHECKING:
    from adapp.cli.commands import Commands


def add_reproduce(commands: "Commands") -> None:
    """Add ``reproduce``."""
    parser = commands.add_parser(
        "reproduce",
        help="set a paper's table beside what is measured here",
        description="Print a paper's table with a measured figure in every line that can be "
        "measured; missing data, weights and methods are named, never guessed. Data sets are "
        "found below ROOT by the names of their folders (mvtec, visa, btad, mpdd, ...). "
        "Finished evaluations are kept and used again, so an interrupted run goes on.",
    )
    parser.add_argument(
        "--table", required=True, metavar="NAME", help=f"table: {', '.join(TABLES)}"
    )
    paths_option(
        parser, "--data", "folders that hold the papers' data sets, by name", required=False
    )
    preset_option(parser)
    checkpoint_option(parser)
    size_option(parser)
    parser.add_argument(
        "--shots",
        type=positive,
        metavar="K",
        help="only the lines with K normal pictures, in tables that have several",
    )
    parser.add_argument(
        "--seed",
        nargs="+",
        type=not_negative,
        default=[0],
        metavar="S",
        help="seeds; of several, mean and standard deviation are given (default: 0)",
    )
    parser.add_argument(
        "--limit",
        type=positive,
        metavar="N",
        help="test pictures per category; the figures are then marked as incomplete",
    )
    tune_option(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="JSON file to write")
    parser.add_argument(
        "--cells",
        type=Path,
        metavar="DIR",
        help="folder of finished evaluations (default: reproduce in the cache folder)",
    )
    parser.set_defaults(module="reproducing")
