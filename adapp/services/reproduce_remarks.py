"""What a reader must know before a measured figure is held against a printed one."""

from collections.abc import Mapping, Sequence

from adapp.services.benchmark import EvaluationJson
from adapp.services.paper_data import FoundData
from adapp.services.paper_tables import PaperTable

_NAMED = 4  # categories named before "and N more"


def remarks(
    table: PaperTable,
    data: Mapping[str, FoundData],
    results: Sequence[EvaluationJson],
    limit: int | None,
) -> list[str]:
    """Return how the measurement differs from the paper's, one sentence each.

    Args:
        table: The table.
        data: What was found of its data sets.
        results: Evaluations behind the measured figures.
        limit: Largest number of test pictures per category; None if all were taken.
    """
    told = [remark for found in data.values() for remark in found.remarks]
    if not results:
        return told
    if limit is not None:
        told.append(f"At most {limit} test pictures a category: not comparable with the paper.")
    told += _encoder(results)
    told += [text for result in results for text in result["provenance"]["fallbacks"]]
    told += [text for result in results for text in result["notes"]]
    told += _training(table, results)
    told += _refused(results)
    return list(dict.fromkeys(told))


def _encoder(results: Sequence[EvaluationJson]) -> list[str]:
    """Return which encoder stood behind the figures where it is not the paper's own."""
    return [
        f"Measured with the preset {result['preset']} ({result['provenance']['backbone']}) at "
        f"{result['size']} px, not with the paper's encoder."
        for result in results
        if result["preset"] != "paper"
    ]


def _training(table: PaperTable, results: Sequence[EvaluationJson]) -> list[str]:
    """Return where the data behind the checkpoint are not those of the paper's column."""
    trained = [result for result in results if result["provenance"]["checkpoint"]]
    rows = {
        name: row["in_training_data"]
        for result in trained
        for name, row in result["categories"].items()
    }
    seen = [name for name, inside in rows.items() if inside]
    unseen = [name for name, inside in rows.items() if not inside]
    if table.trained_on == "own" and unseen:
        remark = (
            f"The checkpoint never saw {_listed(unseen)}, but the paper trains on these very "
            "categories: make one with 'train --multi-class' and give it with --checkpoint."
        )
        return [remark]
    if table.trained_on != "own" and seen:
        return [f"The checkpoint was trained on {_listed(seen)}: no fair figure for these."]
    return []


def _refused(results: Sequence[EvaluationJson]) -> list[str]:
    refused = {
        name: len(row["rejected"])
        for result in results
        for name, row in result["categories"].items()
        if row["rejected"]
    }
    return [
        f"{count} pictures or masks of {name} could not be read." for name, count in refused.items()
    ]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
