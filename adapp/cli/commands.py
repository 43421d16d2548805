"""The commands and their options, as ``--help`` shows them; nothing heavy is imported here."""

import argparse
from pathlib import Path

from adapp import __version__
from adapp.cli.knowledge_commands import add_ask, add_knowledge
from adapp.cli.long_commands import add_batch, add_reproduce
from adapp.cli.options import (
    category_option,
    checkpoint_file_option,
    data_option,
    detector_options,
    json_option,
    measure_options,
    method_option,
    methods_option,
    paths_option,
    port,
    positive,
    preset_option,
    seed_option,
    threshold_options,
    tune_option,
    variant_option,
)
from adapp.cli.parser import Commands, Parser
from adapp.core.settings import PRESETS, Settings

_SHOWN_PRESETS = tuple(preset for preset in PRESETS if preset != "tiny")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = Parser(
        prog="python -m adapp",
        description="Visual anomaly detection from a few pictures of normal parts: "
        "base, residual and fused map, verdict and regions of each inspected picture.",
        epilog="'python -m adapp COMMAND --help' explains a command.",
    )
    parser.add_argument("--version", action="version", version=f"adapp {__version__}")
    commands = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True
    )
    for add in (
        _add_detect,
        add_batch,
        _add_train,
        _add_evaluate,
        _add_evaluate_types,
        _add_compare,
        _add_bench,
        add_knowledge,
        add_ask,
        add_reproduce,
        _add_serve,
    ):
        add(commands)
    return parser


def _add_detect(commands: Commands) -> None:
    parser = commands.add_parser(
        "detect",
        help="inspect pictures against pictures of normal parts",
        description="Inspect pictures. Writes DIR/results.json and for each picture "
        "DIR/<stem>_{base,residual,fused}.npy (float32, at the picture's size), "
        "DIR/<stem>_overlay.png and DIR/<stem>_mask.png. Prints one line per picture: "
        "verdict, score, number of regions, % of area and file, separated by tabs.",
    )
    method_option(parser)
    detector_options(parser)
    paths_option(parser, "--support", "pictures of normal parts: files or folders", required=False)
    paths_option(parser, "--query", "pictures to inspect: files or folders")
    category_option(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the results"
    )
    parser.add_argument(
        "--tiles",
        type=positive,
        default=1,
        metavar="N",
        help="cut large pictures into N x N tiles, 1 to 4, inspected one by one: slower, but what "
        "is small is not lost (default: %(default)s)",
    )
    tune_option(parser)
    threshold_options(parser)
    parser.set_defaults(module="detecting")


def _add_train(commands: Commands) -> None:
    parser = commands.add_parser(
        "train",
        help="train a method's own parts on normal pictures",
        description="Train the parts of a method that are learned; its encoder stays frozen. "
        "Writes the checkpoint FILE and its card FILE with the ending .json. An interrupted "
        "training goes on with --resume and loses at most one epoch.",
    )
    method_option(parser, references=True)
    preset_option(parser)
    variant_option(parser)
    data_option(parser)
    checkpoint_file_option(parser)
    parser.add_argument(
        "--epochs", type=positive, metavar="N", help="passes over the data (default: the method's)"
    )
    seed_option(parser)
    parser.add_argument(
        "--leave-out",
        nargs="+",
        default=[],
        metavar="CATEGORY",
        help="categories that take no part, by the name evaluate prints, e.g. mvtec/bottle",
    )
    parser.add_argument(
        "--multi-class",
        action="store_true",
        help="train for these very categories, not for categories never seen",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on where an interrupted training stopped"
    )
    parser.set_defaults(module="training")


def _add_evaluate(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="measure a method on data sets",
        description="Measure a method. Prints a row of metrics per category and their mean, in "
        "percent, and writes them with all settings as JSON.",
    )
    method_option(parser, references=True)
    measure_options(parser)
    parser.add_argument(
        "--one-database",
        action="store_true",
        help="keep all categories in one database that finds each picture's category by itself",
    )
    tune_option(parser)
    parser.set_defaults(module="evaluating")


def _add_evaluate_types(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate-types",
        help="measure how often a method names the right type of defect",
        description="Measure how often the right type of defect is named first and among three: "
        "on test pictures whose folder tells the type, and on good pictures with defects drawn on "
        "them; with the true outline as the region, and with the regions that the app shows. "
        "Prints accuracies in percent beside chance and the confusion matrix of each category.",
    )
    method_option(parser)
    measure_options(parser)
    parser.set_defaults(module="evaluating_types")


def _add_compare(commands: Commands) -> None:
    parser = commands.add_parser(
        "compare",
        help="measure several methods on the same pictures",
        description="Measure several methods on the same pictures, side by side. Prints one "
        "table; with --json FOLDER/NAME.json writes FOLDER/NAME_<method>.json for each method.",
    )
    methods_option(parser, required=True)
    measure_options(parser)
    parser.set_defaults(module="comparing")


def _add_bench(commands: Commands) -> None:
    parser = commands.add_parser(
        "bench",
        help="measure speed and memory on this machine",
        description="Measure speed and memory. Every figure is a ratio taken in one run, with "
        "the absolute value beside it.",
    )
    methods_option(parser, required=False)
    preset_option(parser)
    json_option(parser, required=True)
    parser.set_defaults(module="timing")


def _add_serve(commands: Commands) -> None:
    parser = commands.add_parser(
        "serve",
        help="open the app in the browser",
        description="Serve the app. 'python app.py' does the same with the defaults.",
    )
    parser.add_argument(
        "--host",
        metavar="H",
        help="address to listen on (default: this machine alone)",
    )
    parser.add_argument(
        "--port", type=port, metavar="N", help="port (default: the first free one from 7860)"
    )
    parser.add_argument(
        "--preset",
        choices=("auto", *_SHOWN_PRESETS),
        default=Settings().preset,
        help="frozen encoder at the start; auto takes the best that is installed "
        "(default: %(default)s)",
    )
    parser.set_defaults(module="serving")
