"""``evaluate-types``: measure how often a method names the right type of defect."""

import argparse

from adapp.cli.options import measured
from adapp.cli.terminal import Progress, show
from adapp.evaluation.type_naming import accuracy_table, confusion_table
from adapp.services.benchmark_run import EvaluationRequest
from adapp.services.type_benchmark import SOURCES, measure_types


def run(arguments: argparse.Namespace) -> None:
    """Measure; print accuracies, then who is taken for whom."""
    asked = measured(arguments)
    json_path = asked.pop("json_path")
    request = EvaluationRequest(arguments.method, **asked)
    with Progress() as progress:
        result = measure_types(request, json_path=json_path, report=progress)
    places = dict(result["categories"])
    if len(places) > 1:
        places["all"] = result["pooled"]
    rows = {
        f"{name}, {source}, {regions}": place[source][regions]
        for name, place in places.items()
        for source in SOURCES
        for regions in ("outlined", "shown")
        if place[source][regions]["defects"]
    }
    show(accuracy_table(rows))
    for label, found in rows.items():
        show(f"\n{label}\n{confusion_table(found)}")
    for name, place in result["categories"].items():
        for source in SOURCES:
            if place[source]["pictures"]:
                some, every = place[source]["pictures_shown"], place[source]["pictures"]
                show(f"{name}, {source}: the app shows types on {some} of {every} pictures")
        for folder, told in place["folders"].items():
            show(f"{name}: {told['pictures']} {folder} counted as {told['counted_as']}")
        for reason, count in place["left_out"].items():
            show(f"{name}: {count} left out, {reason}")
        if place["in_training_data"]:
            show(f"{name}: the checkpoint was trained on it")


def after_stop(_: argparse.Namespace) -> str:
    """Return what is kept: nothing."""
    return "Nothing was written."
