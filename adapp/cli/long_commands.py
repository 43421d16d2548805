"""Options of the commands for long runs, which keep what is done: ``batch`` and ``reproduce``."""

import argparse
from pathlib import Path

from adapp.cli.options import (
    category_option,
    checkpoint_option,
    detector_options,
    json_option,
    not_negative,
    paths_option,
    positive,
    preset_option,
    reasoner_options,
    size_option,
    threshold_options,
    tune_option,
)
from adapp.cli.parser import Commands
from adapp.services.paper_tables import TABLES


def add_batch(commands: Commands) -> None:
    """Add ``batch``."""
    parser = commands.add_parser(
        "batch",
        help="inspect folders of any size, resumable",
        description="Inspect folders of any size in flat memory. DIR gets manifest.json, "
        "results.jsonl (written as pictures are finished), results.csv, results.json, coco.json, "
        "report.html, masks/ and, if asked for, maps/. Ctrl-C keeps what is finished; --resume "
        "goes on, also after a kill, without loss or repetition. --manifest FILE runs a recorded "
        "batch again and compares the scores. Prints how many pictures came out how.",
    )
    parser.add_argument("--method", metavar="M", help="method; needed for a new batch")
    detector_options(parser)
    paths_option(parser, "--support", "pictures of normal parts: files or folders", required=False)
    paths_option(parser, "--query", "pictures to inspect: files or folders", required=False)
    parser.add_argument(
        "--recursive", action="store_true", help="take the pictures in subfolders too"
    )
    category_option(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the batch"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the batch in DIR; its settings are known, --out alone is enough",
    )
    parser.add_argument(
        "--manifest", type=Path, metavar="FILE", help="run the batch of this manifest again"
    )
    tune_option(parser)
    threshold_options(parser)
    _output_options(parser)
    parser.set_defaults(module="batching")


def _output_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides the files of a batch beside those it always writes."""
    parser.add_argument(
        "--maps",
        nargs="+",
        default=[],
        choices=("base", "residual", "fused"),
        help="maps to keep as float32 arrays (default: none)",
    )
    parser.add_argument(
        "--segmentation",
        choices=("rle", "polygon"),
        default="rle",
        help="how coco.json tells a region's shape: every pixel, or its outline (default: rle)",
    )
    parser.add_argument(
        "--report-pictures",
        type=not_negative,
        default=200,
        metavar="N",
        help="pictures in report.html, those with the highest scores (default: %(default)s)",
    )


def add_reproduce(commands: Commands) -> None:
    """Add ``reproduce``."""
    parser = commands.add_parser(
        "reproduce",
        help="set a paper's table beside what is measured here",
        description="Print a paper's table with a measured figure in every line that can be "
        "measured; missing data, weights and methods are named, never guessed. Data sets are "
        "found below ROOT by the names of their folders (mvtec, visa, btad, mpdd, ...), MMAD by "
        "its file mmad.json. "
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
    json_option(parser)
    parser.add_argument(
        "--cells",
        type=Path,
        metavar="DIR",
        help="folder of finished evaluations and answers (default: reproduce in the cache folder)",
    )
    _asking_options(parser)
    parser.set_defaults(module="reproducing")


def _asking_options(parser: argparse.ArgumentParser) -> None:
    """Add who answers MMAD's questions, and how they are put."""
    reasoner_options(
        parser, "adseeker-5: who answers, a Qwen2.5-VL here or a server; evidence cannot"
    )
    parser.add_argument(
        "--options",
        choices=("file", "shuffled", "circular"),
        default="file",
        help="adseeker-5: options in MMAD's order, in one drawn from the seed, or each question "
        "once with every option behind every letter (default: %(default)s)",
    )
    parser.add_argument(
        "--ablation",
        action="store_true",
        help="adseeker-5: ask with pages alone and with the expert alone too (table 4)",
    )
