"""``reproduce``: a paper's table beside what is measured here."""

import argparse

from adapp.cli.terminal import Progress, show
from adapp.core.errors import UsageError
from adapp.services.mmad_asking import AskingOptions
from adapp.services.paper_tables import paper_table
from adapp.services.reproduce import reproduce
from adapp.services.reproduce_lines import ReproduceRequest
from adapp.services.reproduce_table import reproduced_table
from adapp.services.weights import fetch


def run(arguments: argparse.Namespace) -> None:
    """Measure what can be measured; print the table and name what is missing."""
    request = ReproduceRequest(
        table=arguments.table,
        roots=tuple(arguments.data),
        preset=arguments.preset,
        checkpoint=arguments.checkpoint,
        shots=arguments.shots,
        seeds=tuple(dict.fromkeys(arguments.seed)),
        limit=arguments.limit,
        size=arguments.size,
        tune=arguments.tune,
        cells=arguments.cells,
        asking=AskingOptions(
            reasoner=arguments.reasoner,
            base_url=arguments.base_url,
            mode=arguments.options,
            ablation=arguments.ablation,
            download=arguments.download,
        ),
    )
    if arguments.download:
        fetch(request.preset, [paper_table(request.table).method])
    with Progress() as progress:
        found = reproduce(request, json_path=arguments.json, report=progress)
    show(reproduced_table(found))
    if request.roots and not any(line["measured"] is not None for line in found["rows"]):
        msg = f"Nothing of {request.table} could be measured: {found['missing'][0]}."
        raise UsageError(msg)


def after_stop(_: argparse.Namespace) -> str:
    """Return what is kept: every finished evaluation and every answer."""
    return "What is finished is kept: the same command goes on from there."
