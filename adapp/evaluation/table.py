"""Tables of evaluation results: plain text for a terminal, Markdown for a method's page.

Results are the JSON objects that ``evaluate`` writes, as mappings. Cells are percent.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from adapp.core.errors import UsageError
from adapp.evaluation.metrics import METRICS, mean_metrics

Evaluation: TypeAlias = Mapping[str, Any]

TITLES = {
    "image_auroc": "I-AUROC",
    "image_ap": "I-AP",
    "image_f1max": "I-F1max",
    "pixel_auroc": "P-AUROC",
    "pixel_ap": "P-AP",
    "pixel_f1max": "P-F1max",
    "aupro": "AUPRO",
    "routing_accuracy": "routing",
}
GOOD_BELOW = "good_below_threshold"
ANOMALOUS_ABOVE = "anomalous_above_threshold"
HEADLINE = ("image_auroc", "pixel_auroc", "aupro")
_ABSENT = "-"


def category_table(result: Evaluation) -> str:
    """Return one evaluation as text: a row per category, the mean, what was left out, remarks."""
    names = [*METRICS, *(["routing_accuracy"] if "routing_accuracy" in result["mean"] else [])]
    header = [
        "category",
        *(TITLES[name] for name in names),
        "normal",
        "anomalous",
        "no mask",
        "s/image",
    ]
    rows = [
        [
            category,
            *(_cell(row.get(name)) for name in names),
            str(row["n_normal"]),
            str(row["n_anomalous"]),
            str(row["n_without_mask"]),
            f"{row['seconds_per_image']:.3f}",
        ]
        for category, row in result["categories"].items()
    ]
    mean = ["mean", *(_cell(result["mean"].get(name)) for name in names), "", "", "", ""]
    lines = [describe(result), *aligned(header, [*rows, mean], rule_before_last=bool(rows))]
    below = result["mean"].get(GOOD_BELOW)
    if below is not None:
        above = _cell(result["mean"].get(ANOMALOUS_ABOVE))
        lines.append(f"at the app's threshold: {below:.1f} good below, {above} anomalous above")
    lines += [f"skipped {name}: {reason}" for name, reason in result["skipped"].items()]
    lines += [f"note {text}" for text in result.get("notes", ())]
    return "\n".join(lines)


def side_by_side(results: Sequence[Evaluation]) -> str:
    """Return several evaluations beside each other: image AUROC, pixel AUROC, AUPRO of each.

    The last row of figures is the mean over the categories that every result holds, so that no
    method gains by skipping a hard one; what each skipped stands below, with the reason.
    """
    categories = sorted({name for result in results for name in result["categories"]})
    shared = [name for name in categories if all(name in r["categories"] for r in results)]
    header = ["category"]
    for result in results:
        header += [f"{result['method']} {TITLES[metric]}" for metric in HEADLINE]
    rows = [
        [
            name,
            *(
                _cell(result["categories"].get(name, {}).get(metric))
                for result in results
                for metric in HEADLINE
            ),
        ]
        for name in categories
    ]
    means = [f"mean of {len(shared)} shared"]
    for result in results:
        mean = mean_metrics({name: result["categories"][name] for name in shared}, HEADLINE)
        means += [_cell(mean[metric]) for metric in HEADLINE]
    lines = [describe(result) for result in results]
    lines += aligned(header, [*rows, means], rule_before_last=bool(rows))
    if categories and not shared:
        lines.append("no mean: there is no category that every method was measured on")
    for result in results:
        skipped = result["skipped"].items()
        lines += [f"{result['method']} skipped {name}: {reason}" for name, reason in skipped]
    return "\n".join(lines)


def markdown_table(
    rows: Mapping[str, Sequence[Evaluation]], metrics: Sequence[str] = METRICS
) -> str:
    """Return a Markdown table, one row per label, each cell the mean and sd over seeds.

    Args:
        rows: Label -> its results: any number of seeds, and for each seed either one result or
            several over separate categories (the folds of a leave-one-fold-out run), which are
            joined before the mean over categories is taken.
        metrics: Columns.

    Raises:
        UsageError: If a label has no result, if results of one seed share a category, or if the
            seeds of a label cover different categories.
    """
    header = ["", *(TITLES[name] for name in metrics), "categories", "seeds"]
    lines = [_markdown_row(header), _markdown_row(["---"] + ["---:"] * (len(header) - 1))]
    for label, results in rows.items():
        by_seed = _joined_by_seed(label, results)
        means = [mean_metrics(categories, tuple(metrics)) for categories in by_seed.values()]
        cells = [_mean_and_sd([mean[name] for mean in means]) for name in metrics]
        n_categories = len(next(iter(by_seed.values())))
        lines.append(_markdown_row([label, *cells, str(n_categories), str(len(by_seed))]))
    return "\n".join(lines)


def markdown_categories(
    columns: Mapping[str, Sequence[Evaluation]], metrics: Sequence[str] = HEADLINE
) -> str:
    """Return a Markdown table, one row per category, one column per label, ``a / b / c`` cells.

    Args:
        columns: As the rows of :func:`markdown_table`.
        metrics: What stands in a cell, in this order; the mean over seeds of each.

    Raises:
        UsageError: As :func:`markdown_table`.
    """
    joined = {label: _joined_by_seed(label, results) for label, results in columns.items()}
    names = sorted({name for seeds in joined.values() for part in seeds.values() for name in part})
    title = " / ".join(TITLES[metric] for metric in metrics)
    lines = [
        _markdown_row([f"category ({title})", *joined]),
        _markdown_row(["---"] + ["---:"] * len(joined)),
    ]
    for name in names:
        cells = []
        for seeds in joined.values():
            found = [part[name] for part in seeds.values() if name in part]
            cells.append(" / ".join(_mean_cell([row.get(m) for row in found]) for m in metrics))
        lines.append(_markdown_row([name, *cells]))
    return "\n".join(lines)


def describe(result: Evaluation) -> str:
    """Return one line on what was run: method, variant, preset, shots, seed, setting, size."""
    limit = f", at most {result['limit']} pictures a category" if result.get("limit") else ""
    return (
        f"{result['method']} ({result['variant']}, {result['preset']}, checkpoint "
        f"{result['provenance'].get('checkpoint') or 'none'}): {result['setting']}, "
        f"{result['shots']} shots, seed {result['seed']}, {result['size']} px{limit}; percent"
    )


def aligned(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, rule_before_last: bool = False
) -> list[str]:
    """Return the lines of a table: first column to the left, numbers to the right, a rule below.

    Args:
        header: Titles of the columns.
        rows: Cells of every row.
        rule_before_last: Whether another rule sets the last row apart.
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [header, *rows]
    ]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines.insert(1, rule)
    if rule_before_last:
        lines.insert(len(lines) - 1, rule)
    return lines


def _joined_by_seed(
    label: str, results: Sequence[Evaluation]
) -> dict[int, dict[str, Mapping[str, Any]]]:
    by_seed: dict[int, dict[str, Mapping[str, Any]]] = {}
    for result in results:
        joined = by_seed.setdefault(result["seed"], {})
        twice = joined.keys() & result["categories"].keys()
        if twice:
            msg = (
                f"{label}: two results with seed {result['seed']} both hold {min(twice)}; "
                "give each label the results of one configuration."
            )
            raise UsageError(msg)
        joined |= result["categories"]
    if len({frozenset(joined) for joined in by_seed.values()}) != 1:
        msg = f"{label}: give results that cover the same categories with every seed."
        raise UsageError(msg)
    return by_seed


def _cell(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, int | float) else _ABSENT


def _mean_cell(values: Sequence[float | None]) -> str:
    numbers = [value for value in values if value is not None]
    return f"{statistics.fmean(numbers):.1f}" if numbers else _ABSENT


def _mean_and_sd(values: Sequence[float | None]) -> str:
    numbers = [value for value in values if value is not None]
    if not numbers:
        return _ABSENT
    sd = statistics.stdev(numbers) if len(numbers) > 1 else math.nan
    mean = f"{statistics.fmean(numbers):.1f}"
    return mean if math.isnan(sd) else f"{mean} ± {sd:.1f}"


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
