"""``knowledge``: list, search and extend the knowledge pages."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from adapp.cli.terminal import Progress, StagedProgress, show
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.data.images import load_image
from adapp.knowledge.defect_types import CANONICAL, NORMAL
from adapp.knowledge.pages import Page
from adapp.knowledge.sampling import SamplingConfig
from adapp.services.benchmark import write_json
from adapp.services.page_library import (
    PageLibrary,
    add_to_index,
    load_library,
    rebuilt_index,
)
from adapp.services.page_measure import hit_rates, hits_table
from adapp.services.page_query import PageQuery, RegionLook
from adapp.services.page_shelf import index_folder
from adapp.services.page_training import train_keys


def run(arguments: argparse.Namespace) -> None:
    """Do what the action says."""
    actions: dict[str, Callable[[argparse.Namespace, Progress], None]] = {
        "list": _list,
        "search": _search,
        "add": _add,
        "build": _build,
        "train": _train,
        "measure": _measure,
    }
    with StagedProgress() as progress:
        actions[arguments.action](arguments, progress)


def after_stop(arguments: argparse.Namespace) -> str:
    """Return what is kept."""
    kept = "Features computed before are kept: the same command goes on from there."
    return kept if arguments.action in {"train", "measure"} else "Nothing was written."


def _library(arguments: argparse.Namespace, progress: Progress) -> PageLibrary:
    return load_library(arguments.preset, _settings(arguments), report=progress)


def _settings(arguments: argparse.Namespace) -> Settings:
    return replace(Settings(), checkpoint=arguments.checkpoint)


def _list(arguments: argparse.Namespace, progress: Progress) -> None:
    pages = _library(arguments, progress).pages
    if arguments.json is not None:
        write_json({"pages": [_page_json(page) for page in pages]}, arguments.json)
    for page in pages:
        progress.show("\t".join((page.id, page.canonical, page.origin, page.licence, page.title)))


def _search(arguments: argparse.Namespace, progress: Progress) -> None:
    query = _query(arguments)
    sampling = SamplingConfig(budget=arguments.pages, strategy=arguments.sampling)
    found = _library(arguments, progress).search(query, sampling=sampling)
    hits = sorted(found.hits, key=lambda hit: hit.rank)
    if arguments.json is not None:
        told = [
            {**_page_json(hit.page), "score": hit.score, "rank": hit.rank, "parts": dict(hit.parts)}
            for hit in hits
        ]
        write_json({"pages": told, "compared": found.compared}, arguments.json)
    for hit in hits:
        line = (f"{hit.score:.4f}", hit.page.id, hit.page.canonical, hit.page.title)
        progress.show("\t".join(line))


def _query(arguments: argparse.Namespace) -> PageQuery:
    """Return what is searched for.

    Raises:
        UsageError: If there is nothing to search for, or a type or box makes no sense.
        BadImage: If the picture cannot be read.
    """
    if arguments.query is None and not arguments.text.strip():
        msg = "There is nothing to search for: give --query IMAGE, --text, or both."
        raise UsageError(msg)
    if arguments.type and arguments.type not in {*CANONICAL, NORMAL}:
        msg = f"{arguments.type!r} is no defect type; use one of {', '.join(CANONICAL)}, {NORMAL}."
        raise UsageError(msg)
    types = {arguments.type: 1.0} if arguments.type else {}
    picture = None if arguments.query is None else load_image(arguments.query).pixels
    looks = []
    for row0, column0, row1, column1 in arguments.box:
        if picture is None:
            msg = "--box tells a place in a picture: give --query IMAGE too."
            raise UsageError(msg)
        height, width = picture.shape[:2]
        if not (0 <= row0 < row1 <= height and 0 <= column0 < column1 <= width):
            msg = (
                f"--box {row0} {column0} {row1} {column1} is not inside the {width} x {height} px."
            )
            raise UsageError(msg)
        looks.append(RegionLook((row0, column0, row1, column1), types))
    if types and not looks:
        looks.append(RegionLook(None, types))
    return PageQuery(picture, arguments.text, tuple(looks))


def _add(arguments: argparse.Namespace, progress: Progress) -> None:
    settings = _settings(arguments)
    encoder = _library(arguments, progress).encoder
    fresh = add_to_index(arguments.files, index_folder(arguments.preset, settings), encoder)
    for page in fresh:
        progress.show(f"{page.id}\t{page.title}")
    if not fresh:
        progress.tell("Nothing new: the index holds these pages already.")


def _build(arguments: argparse.Namespace, progress: Progress) -> None:
    settings = _settings(arguments)
    library = load_library(arguments.preset, settings, own_index=False, report=progress)
    progress.show(f"{len(library.pages)} pages of the project are indexed")
    folder = index_folder(arguments.preset, settings)
    rebuilt = rebuilt_index(folder, library.encoder, arguments.folder)
    if rebuilt is None:
        progress.tell("There is no permanent index; `knowledge add` or --folder makes one.")
        return
    for refusal in rebuilt.refused:
        progress.tell(f"left out: {refusal.reason}")
    progress.show(f"{len(rebuilt.pages)} pages of your own are indexed in {folder}")


def _train(arguments: argparse.Namespace, progress: Progress) -> None:
    made = train_keys(
        tuple(arguments.data), arguments.out, preset=arguments.preset, report=progress
    )
    progress.show(str(made))


def _measure(arguments: argparse.Namespace, progress: Progress) -> None:
    found = hit_rates(
        tuple(arguments.data),
        preset=arguments.preset,
        draw=arguments.draw,
        settings=_settings(arguments),
        report=progress,
    )
    if arguments.json is not None:
        write_json(found, arguments.json)
    show(hits_table(found))


def _page_json(page: Page) -> dict[str, Any]:
    return {
        "id": page.id,
        "title": page.title,
        "kind": page.kind,
        "object": page.object,
        "defect_type": page.defect_type,
        "canonical": page.canonical,
        "origin": page.origin,
        "trusted": page.trusted,
        "licence": page.licence,
        "sources": list(page.sources),
    }
