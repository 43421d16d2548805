"""Options of the commands around knowledge pages: ``knowledge`` and ``ask``."""

from pathlib import Path

from adapp.cli.options import (
    category_option,
    checkpoint_file_option,
    detector_options,
    json_option,
    keys_option,
    paths_option,
    positive,
    preset_option,
    reasoner_options,
    threshold_options,
)
from adapp.cli.parser import Commands
from adapp.methods.registry import METHODS


def add_knowledge(commands: Commands) -> None:
    """Add ``knowledge`` with its actions."""
    parser = commands.add_parser(
        "knowledge",
        help="list, search and extend the knowledge pages",
        description="Knowledge pages about objects and defects: those of the project, and pages "
        "of your own in a permanent index (folder: ADAPP_KNOWLEDGE).",
    )
    actions = parser.add_subparsers(
        title="actions",
        dest="action",
        metavar="ACTION",
        required=True,
        help="what to do with the pages",
    )
    _add_list(actions)
    _add_search(actions)
    _add_add(actions)
    _add_build(actions)
    _add_train(actions)
    _add_measure(actions)


def _add_list(actions: Commands) -> None:
    parser = actions.add_parser(
        "list",
        help="print every page",
        description="Print one line per page: id, canonical defect type, origin, licence and "
        "title, separated by tabs.",
    )
    preset_option(parser)
    keys_option(parser)
    json_option(parser)
    parser.set_defaults(module="knowing")


def _add_search(actions: Commands) -> None:
    parser = actions.add_parser(
        "search",
        help="print the pages that answer a picture and words",
        description="Print the pages found, best first: score, id, canonical defect type and "
        "title, separated by tabs.",
    )
    parser.add_argument("--query", type=Path, metavar="IMAGE", help="picture of the part")
    parser.add_argument("--text", default="", metavar="T", help="part name, defect, question")
    parser.add_argument(
        "--box",
        nargs=4,
        type=int,
        action="append",
        default=[],
        metavar=("ROW0", "COLUMN0", "ROW1", "COLUMN1"),
        help="a suspicious region of the picture in pixels; may be given several times",
    )
    parser.add_argument(
        "--type",
        default="",
        metavar="NAME",
        help="canonical defect type, if it is known; 'normal' for a sound part",
    )
    parser.add_argument(
        "--pages", type=positive, default=3, metavar="N", help="pages (default: %(default)s)"
    )
    parser.add_argument(
        "--sampling",
        choices=("kde", "topk"),
        default="kde",
        help="share places out over clusters of scores, or take the best (default: %(default)s)",
    )
    preset_option(parser)
    keys_option(parser)
    json_option(parser)
    parser.set_defaults(module="knowing")


def _add_add(actions: Commands) -> None:
    parser = actions.add_parser(
        "add",
        help="put files into the permanent index",
        description="Put Markdown, text, PDF and picture files into the permanent index. They "
        "are marked as not checked and only ever quoted. Prints the new pages' ids.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="files to add")
    preset_option(parser)
    keys_option(parser)
    parser.set_defaults(module="knowing")


def _add_build(actions: Commands) -> None:
    parser = actions.add_parser(
        "build",
        help="index all pages anew",
        description="Index the project's pages, and the permanent index anew for the encoders "
        "in use. With --folder the permanent index then holds that folder's files and no others.",
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="folder of files to index")
    preset_option(parser)
    keys_option(parser)
    parser.set_defaults(module="knowing")


def _add_train(actions: Commands) -> None:
    parser = actions.add_parser(
        "train",
        help="train how pictures find pages",
        description="Train the projection of pictures on second drawings of the pages and on "
        "data sets; writes a checkpoint with the index of the project's pages, and its card.",
    )
    paths_option(parser, "--data", "data folders, MVTec's layout and others", required=False)
    checkpoint_file_option(parser)
    preset_option(parser)
    parser.set_defaults(module="knowing")


def _add_measure(actions: Commands) -> None:
    parser = actions.add_parser(
        "measure",
        help="measure how often the right page is found",
        description="Measure the hit rate at 1, 3 and 5 for the right object and defect type, "
        "sampling by clusters against the best scores. No picture that taught counts.",
    )
    paths_option(parser, "--data", "data folders, MVTec's layout and others", required=False)
    preset_option(parser)
    keys_option(parser)
    parser.add_argument(
        "--draw",
        type=int,
        default=0,
        metavar="N",
        help="which 30 pictures of each kind: 0 those that choices were made on, 1 the next "
        "(default: 0)",
    )
    json_option(parser)
    parser.set_defaults(module="knowing")


def add_ask(commands: Commands) -> None:
    """Add ``ask``."""
    parser = commands.add_parser(
        "ask",
        help="ask about an inspected part",
        description="Inspect one picture and answer a question about it from the detector's "
        "findings and the knowledge pages. Prints verdict, answer, pages with scores and who "
        "wrote the answer. The verdict is the detector's, whatever the answer says.",
    )
    parser.add_argument("--query", type=Path, required=True, metavar="IMAGE", help="the picture")
    paths_option(parser, "--support", "pictures of normal parts: files or folders", required=False)
    parser.add_argument(
        "--method",
        metavar="M",
        help=f"method: {', '.join(METHODS)} (default: the first that works with what is given)",
    )
    parser.add_argument("--question", required=True, metavar="TEXT", help="what to answer")
    reasoner_options(
        parser,
        "who answers: Qwen2.5-VL here, a server, or a report without a language model",
    )
    paths_option(parser, "--pages", "pages of your own for this question alone", required=False)
    category_option(parser)
    detector_options(parser)
    threshold_options(parser)
    json_option(parser)
    parser.set_defaults(module="asking")
