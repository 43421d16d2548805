"""Tables say what was measured: means, spreads, gaps and all."""

from typing import Any

import pytest

from adapp.core.errors import UsageError
from adapp.evaluation.metrics import METRICS, mean_metrics
from adapp.evaluation.table import (
    category_table,
    describe,
    markdown_categories,
    markdown_table,
    side_by_side,
)


def row(image: float | None, pixel: float | None = None) -> dict[str, Any]:
    return {
        **dict.fromkeys(METRICS, image),
        "pixel_auroc": pixel,
        "n_normal": 20,
        "n_anomalous": 63,
        "n_without_mask": 4,
        "seconds_per_image": 0.11,
    }


def result(
    categories: dict[str, dict[str, Any]], seed: int = 0, method: str = "raid"
) -> dict[str, Any]:
    return {
        "method": method,
        "preset": "embedded",
        "variant": "full",
        "setting": "few_shot",
        "shots": 4,
        "seed": seed,
        "size": 336,
        "limit": None,
        "categories": categories,
        "mean": mean_metrics(categories),
        "skipped": {"set/odd": "no normal pictures"},
        "provenance": {"checkpoint": "open"},
    }


def test_category_table_shows_every_row_and_gap() -> None:
    lines = category_table(result({"a/x": row(90.04, 80.0), "a/y": row(70.0)})).splitlines()
    assert lines[0].startswith("raid (full, embedded, checkpoint open): few_shot, 4 shots, seed 0")
    assert lines[1].split()[:3] == ["category", "I-AUROC", "I-AP"]
    x, y, mean = lines[3].split(), lines[4].split(), lines[6].split()
    assert x == [
        "a/x",
        "90.0",
        "90.0",
        "90.0",
        "80.0",
        "90.0",
        "90.0",
        "90.0",
        "20",
        "63",
        "4",
        "0.110",
    ]
    assert y[4] == "-"
    assert mean[:5] == ["mean", "80.0", "80.0", "80.0", "80.0"]
    assert lines[7] == "skipped set/odd: no normal pictures"
    assert len({len(line) for line in lines[1:5]}) == 1


def test_category_table_says_how_the_threshold_divides_the_pictures() -> None:
    told = result({"a/x": row(90.0)})
    assert "threshold" not in category_table(told)
    told["mean"] |= {"good_below_threshold": 93.75, "anomalous_above_threshold": None}
    assert "at the app's threshold: 93.8 good below, - anomalous above" in category_table(told)


def test_category_table_shows_routing_only_where_measured() -> None:
    plain = result({"a/x": row(90.0)})
    assert "routing" not in category_table(plain)
    routed = result({"a/x": row(90.0) | {"routing_accuracy": 98.5}})
    routed["mean"]["routing_accuracy"] = 98.5
    assert category_table(routed).count("98.5") == 2


def test_category_table_of_nothing() -> None:
    assert "skipped set/odd" in category_table(result({}))


def test_category_table_ends_with_the_remarks() -> None:
    told = category_table(result({"a/x": row(90.0)}) | {"notes": ["a/x: only 3 of 4"]})
    assert told.splitlines()[-1] == "note a/x: only 3 of 4"


def test_limit_is_stated() -> None:
    assert "at most" not in describe(result({}))
    assert "at most 10 pictures" in describe(result({}) | {"limit": 10})


def test_side_by_side_means_only_what_all_hold() -> None:
    one = result({"a/x": row(90.0, 60.0), "a/hard": row(10.0, 10.0)}, method="raid")
    two = result({"a/x": row(80.0, 70.0)}, method="kanoclip")
    lines = side_by_side([one, two]).splitlines()
    hard, x, mean = lines[4].split(), lines[5].split(), lines[7].split()
    assert hard == ["a/hard", "10.0", "10.0", "10.0", "-", "-", "-"]
    assert x == ["a/x", "90.0", "60.0", "90.0", "80.0", "70.0", "80.0"]
    assert mean == ["mean", "of", "1", "shared", *x[1:]]
    left_out = "skipped set/odd: no normal pictures"
    assert lines[8:] == [f"{method} {left_out}" for method in ("raid", "kanoclip")]


def test_markdown_table_over_seeds() -> None:
    seeds = [
        result({"a/x": row(value, 50.0), "a/y": row(80.0)}, seed)
        for seed, value in enumerate((78.0, 80.0, 82.0))
    ]
    single = [result({"a/x": row(60.0)})]
    table = markdown_table({"full": seeds, "one": single}, ("image_auroc", "pixel_auroc"))
    assert table.splitlines() == [
        "|  | I-AUROC | P-AUROC | categories | seeds |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| full | 80.0 ± 1.0 | 50.0 ± 0.0 | 2 | 3 |",
        "| one | 60.0 | - | 1 | 1 |",
    ]


def test_folds_are_joined_before_the_mean() -> None:
    folds = [result({"a/x": row(90.0), "a/y": row(60.0)}), result({"b/z": row(30.0)})]
    table = markdown_table({"full": folds}, ("image_auroc",))
    assert table.splitlines()[2] == "| full | 60.0 | 3 | 1 |"  # not the mean of two fold means


def test_markdown_categories() -> None:
    seeds = [result({"a/x": row(value, 50.0)}, seed) for seed, value in enumerate((78.0, 80.0))]
    table = markdown_categories({"full": seeds, "base": [result({"a/y": row(60.0)})]})
    assert table.splitlines() == [
        "| category (I-AUROC / P-AUROC / AUPRO) | full | base |",
        "| --- | ---: | ---: |",
        "| a/x | 79.0 / 50.0 / 79.0 | - / - / - |",
        "| a/y | - / - / - | 60.0 / - / 60.0 |",
    ]


def test_mixed_up_results_are_refused() -> None:
    twice = [result({"a/x": row(90.0)}), result({"a/x": row(80.0)})]
    with pytest.raises(UsageError, match="both hold a/x"):
        markdown_table({"full": twice})
    uneven = [result({"a/x": row(90.0)}), result({"a/y": row(80.0)}, seed=1)]
    with pytest.raises(UsageError, match="same categories"):
        markdown_table({"full": uneven})
    with pytest.raises(UsageError, match="same categories"):
        markdown_table({"full": []})
