"""Draws of support and queries: reproducible, nested, stratified."""

from collections import Counter
from pathlib import Path

import pytest

from adapp.data.samples import Category, Sample
from adapp.data.selection import limited_queries, support_order


def category(name: str = "mvtec/bottle", **counts: int) -> Category:
    test = tuple(
        Sample(Path(f"{kind}/{i:03}.png"), name, 0 if kind == "good" else 1, kind, "test")
        for kind, count in counts.items()
        for i in range(count)
    )
    train = tuple(Sample(Path(f"{i:03}.png"), name, 0, "good", "train") for i in range(20))
    return Category(name, Path("bottle"), "mvtec", train, test)


def test_support_order_is_a_fixed_permutation() -> None:
    order = support_order(category(), 0)
    assert order == support_order(category(), 0)
    assert sorted(order, key=lambda s: s.path.name) == list(category().train_normal)
    # Kept: published shot indices of this project depend on it.
    assert [s.path.stem for s in order[:4]] == ["010", "012", "004", "019"]


def test_support_order_differs_by_seed_and_category_only() -> None:
    order = [s.path for s in support_order(category(), 0)]
    assert order != [s.path for s in support_order(category(), 1)]
    assert order != [s.path for s in support_order(category("mvtec/screw"), 0)]
    assert order == [s.path for s in support_order(category(good=3, crack=9), 0)]


def test_without_a_limit_everything_is_taken() -> None:
    whole = category(good=3, crack=4)
    assert limited_queries(whole, None, 0) == whole.test
    assert limited_queries(whole, 7, 0) == whole.test
    assert limited_queries(whole, 99, 0) == whole.test


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_limit_keeps_the_proportions_and_the_order(seed: int) -> None:
    whole = category(crack=20, dent=40, good=40)
    chosen = limited_queries(whole, 20, seed)
    kinds = Counter(s.defect_type for s in chosen)
    assert sum(kinds.values()) == 20
    for kind, expected in (("crack", 4), ("dent", 8), ("good", 8)):
        assert abs(kinds[kind] - expected) <= 1, kinds
    assert list(chosen) == [s for s in whole.test if s in set(chosen)]
    assert chosen == limited_queries(whole, 20, seed)


def test_limits_of_one_seed_are_nested_and_seeds_differ() -> None:
    whole = category(crack=20, good=20)
    small, large = (set(limited_queries(whole, n, 0)) for n in (6, 12))
    assert small < large
    assert small != set(limited_queries(whole, 6, 1))


@pytest.mark.parametrize("counts", [{"crack": 60, "good": 2}, {"crack": 1, "good": 60}])
def test_two_pictures_are_enough_for_both_labels(counts: dict[str, int]) -> None:
    chosen = limited_queries(category(**counts), 2, 0)
    assert {s.label for s in chosen} == {0, 1}


def test_a_category_of_one_label_is_limited_too() -> None:
    assert len(limited_queries(category(crack=9), 4, 0)) == 4
