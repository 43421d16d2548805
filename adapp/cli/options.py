"""Options that several commands share, and the values they take."""

import argparse
import math
import tempfile
from pathlib import Path
from typing import Any

from adapp.core.settings import PRESETS, Settings
from adapp.methods.registry import METHODS, REFERENCES


def method_option(parser: argparse.ArgumentParser, *, references: bool = False) -> None:
    """Add ``--method M``, which may be a reference row if ``references``."""
    told = f"method: {', '.join(_method_names())}"
    if references:
        told += f"; or a reference row: {', '.join(REFERENCES)}"
    parser.add_argument("--method", required=True, metavar="M", help=told)


def methods_option(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add ``--method M1,M2,...``."""
    parser.add_argument(
        "--method",
        type=_names,
        required=required,
        default=_method_names(),
        metavar="M1,M2,...",
        help=f"methods, out of {', '.join(_method_names())}"
        + ("" if required else " (default: all)"),
    )


def detector_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a detector."""
    preset_option(parser)
    checkpoint_option(parser)
    variant_option(parser)
    size_option(parser)
    seed_option(parser)


def preset_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--preset``."""
    wanted = Settings().preset
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="embedded" if wanted == "auto" else wanted,
        help="frozen encoder (default: %(default)s; tiny is for tests only)",
    )
    parser.add_argument(
        "--download",
        action="store_true",
        help="fetch the preset's published weights first if they are not on this machine",
    )


def checkpoint_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--checkpoint``."""
    parser.add_argument(
        "--checkpoint",
        default=Settings().checkpoint,
        metavar="C",
        help="open (permissively licensed training data), research (all of it) or a file "
        "(default: %(default)s)",
    )


def keys_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--checkpoint`` for commands that look pages up and run no method."""
    parser.add_argument(
        "--checkpoint",
        choices=("open", "research"),
        default=Settings().page_keys,
        help="which pictures taught how pictures find pages: permissively licensed ones, or all "
        "(default: %(default)s)",
    )


def size_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--size``."""
    parser.add_argument(
        "--size",
        type=positive,
        metavar="PX",
        help="side of the square the encoder sees, a multiple of its patches "
        "(14 under embedded; default: the preset's)",
    )


def variant_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--variant``."""
    parser.add_argument(
        "--variant", metavar="V", help="step of the ablation ladder (default: the whole method)"
    )


def seed_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--seed``."""
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed (default: %(default)s)"
    )


def category_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--category``."""
    parser.add_argument("--category", default="", metavar="NAME", help="name of the part")


def threshold_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--threshold`` and ``--pixel-threshold``."""
    parser.add_argument(
        "--threshold",
        type=finite,
        metavar="SCORE",
        help="score above which a picture is anomalous (default: from the support)",
    )
    parser.add_argument(
        "--pixel-threshold",
        type=finite,
        metavar="VALUE",
        help="map value above which a pixel belongs to a region (default: from the support)",
    )


def tune_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--tune``."""
    parser.add_argument(
        "--tune",
        action="store_true",
        help="first tune the trained part on the support with synthetic anomalies",
    )


def reasoner_options(parser: argparse.ArgumentParser, told: str) -> None:
    """Add ``--reasoner`` and ``--base-url``; ``told`` says who answers what."""
    parser.add_argument(
        "--reasoner",
        choices=("auto", "local", "server", "evidence"),
        default="auto",
        help=f"{told} (default: %(default)s, the first of these that can run)",
    )
    parser.add_argument(
        "--base-url", metavar="URL", help="OpenAI-compatible server, e.g. http://localhost:8000/v1"
    )


def data_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--data ROOT...``."""
    paths_option(parser, "--data", "data folders, MVTec's layout or VisA's, BTAD's, MPDD's")


def paths_option(
    parser: argparse.ArgumentParser, name: str, told: str, *, required: bool = True
) -> None:
    """Add an option that takes one path or more."""
    metavar = "ROOT" if name == "--data" else "PATH"
    parser.add_argument(
        name, nargs="+", type=Path, required=required, default=[], metavar=metavar, help=told
    )


def measure_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``evaluate`` and ``compare`` share."""
    detector_options(parser)
    data_option(parser)
    parser.add_argument(
        "--shots",
        type=not_negative,
        default=4,
        metavar="K",
        help="normal pictures per category; 0 for zero-shot (default: %(default)s)",
    )
    parser.add_argument(
        "--limit", type=positive, metavar="N", help="test pictures per category (default: all)"
    )
    json_option(parser)


def json_option(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add ``--json FILE``."""
    parser.add_argument(
        "--json", type=new_file, required=required, metavar="FILE", help="JSON file to write"
    )


def checkpoint_file_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--out FILE.safetensors``."""
    parser.add_argument(
        "--out",
        type=new_file,
        required=True,
        metavar="FILE.safetensors",
        help="checkpoint to write",
    )


def _method_names() -> tuple[str, ...]:
    return tuple(METHODS)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        msg = "name at least one method"
        raise argparse.ArgumentTypeError(msg)
    return names


def positive(text: str) -> int:
    """Return ``text`` as a whole number of at least 1."""
    return _whole(text, 1, "a whole number of at least 1")


def not_negative(text: str) -> int:
    """Return ``text`` as a whole number of at least 0."""
    return _whole(text, 0, "a whole number of at least 0")


def new_file(text: str) -> Path:
    """Return ``text`` as the path of a file that can be written, told before hours of work.

    Nothing is left behind: folders that are missing are made when the file is.
    """
    path = Path(text)
    try:
        if path.is_dir():
            msg = f"{text} is a folder: name a file"
            raise argparse.ArgumentTypeError(msg)
        folder = next(place for place in path.absolute().parents if place.exists())
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        msg = f"{text} cannot be written ({error.strerror}): choose another place"
        raise argparse.ArgumentTypeError(msg) from error
    return path


def port(text: str) -> int:
    """Return ``text`` as a port number; 0 takes any free port."""
    return _whole(text, 0, "a port between 0 and 65535", most=65535)


def _whole(text: str, least: int, told: str, most: int | None = None) -> int:
    number = int(text) if text.removeprefix("-").isdecimal() else least - 1
    if number < least or (most is not None and number > most):
        msg = f"{text!r} is not {told}"
        raise argparse.ArgumentTypeError(msg)
    return number


def finite(text: str) -> float:
    """Return ``text`` as a finite number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        msg = f"{text!r} is not a number"
        raise argparse.ArgumentTypeError(msg)
    return number


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the values of ``measure_options`` as ``evaluate`` and ``compare`` take them."""
    return {
        "preset": arguments.preset,
        "checkpoint": arguments.checkpoint,
        "variant": arguments.variant,
        "roots": tuple(arguments.data),
        "shots": arguments.shots,
        "seed": arguments.seed,
        "limit": arguments.limit,
        "size": arguments.size,
        "json_path": arguments.json,
    }
