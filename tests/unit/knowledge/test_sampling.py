"""Choosing pages: quotas, clusters, weights, and every edge the lists of scores can have."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapp.knowledge.sampling import (
    SamplingConfig,
    choose,
    cluster,
    cluster_quality,
    density,
    quotas,
)

FIGURE = [0.94, 0.92, 0.88, 0.83, 0.79, 0.74, 0.65]  # the ranks of the paper's figure 4


def planted(seed: int = 0) -> np.ndarray:
    """Return six relevant pages above a crowd of forty unlike ones."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(0.85, 0.02, 6), rng.normal(0.35, 0.03, 40)])


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=40),
    st.integers(1, 8),
    st.sampled_from(["kde", "topk"]),
    st.sampled_from(["softmax", "none"]),
)
@settings(max_examples=40, deadline=None)
def test_choice_fills_the_budget_and_holds_the_best(scores, budget, strategy, weight):
    config = SamplingConfig(budget=budget, strategy=strategy, kde_weight=weight)
    choice = choose(scores, config)
    assert len(choice.chosen) == len(set(choice.chosen)) == min(budget, len(scores))
    assert sum(choice.quotas) == min(budget, len(scores))
    assert min(choice.quotas) >= 0
    assert choice.chosen[0] == int(np.argmax(scores))
    values = [scores[at] for at in choice.chosen]
    assert values == sorted(values, reverse=True)
    assert sum(choice.quality) == pytest.approx(1)


@pytest.mark.parametrize("scores", [[0.3], [0.3, 0.5], [0.7] * 9, [0.0] * 40, FIGURE[:5]])
def test_too_few_or_equal_scores_are_one_cluster(scores):
    choice = choose(scores, SamplingConfig(budget=3))
    assert set(choice.labels[list(choice.chosen)]) == {0}
    assert choice.quotas == (min(3, len(scores)),)


def test_equal_scores_are_taken_in_order():
    assert choose([0.5] * 9, SamplingConfig(budget=3)).chosen == (0, 1, 2)


def test_same_scores_give_the_same_choice():
    scores = planted()
    first, second = choose(scores), choose(scores)
    assert first.chosen == second.chosen
    assert (first.labels == second.labels).all()


def test_order_of_the_scores_does_not_matter():
    scores = planted()
    shuffled = np.random.default_rng(3).permutation(len(scores))
    there = {shuffled[at] for at in choose(scores[shuffled]).chosen}
    assert there == set(choose(scores).chosen)


def test_softmax_weight_beats_no_weight_on_a_planted_list():
    """Unweighted, the crowd takes the places of the relevant pages: the opposite of the aim."""
    scores = planted()
    weighted = choose(scores, SamplingConfig(budget=6, pool=12))
    plain = choose(scores, SamplingConfig(budget=6, pool=12, kde_weight="none"))
    relevant = [sum(at < 6 for at in choice.chosen) for choice in (weighted, plain)]
    assert relevant[0] >= 5
    assert relevant[0] >= relevant[1] + 3
    assert weighted.quality[0] > 0.5 > plain.quality[0]


def test_lower_temperature_leans_to_the_best_cluster():
    tried = [SamplingConfig(pool=12, temperature=t) for t in (0.4, 0.1, 0.02)]
    shares = [choose(planted(), config).quality[0] for config in tried]
    assert shares[0] < shares[1] < shares[2]


def test_sampling_reaches_below_the_first_cluster_where_topk_does_not():
    """Scenario pages stand at a lower score; a flat density gives their cluster a place."""
    scores = np.r_[np.full(8, 0.8) + np.arange(8) * 1e-3, np.full(8, 0.6) + np.arange(8) * 1e-3]
    sampled = choose(scores, SamplingConfig(budget=4, pool=12, temperature=0.5))
    best = choose(scores, SamplingConfig(budget=4, strategy="topk"))
    assert {int(at) // 8 for at in sampled.chosen} == {0, 1}
    assert {int(at) // 8 for at in best.chosen} == {0}


TOLD = ["crack", "crack", "hole", "crack", "", "hole", "stain", "", "crack", "bend"]


def test_apart_a_page_of_a_type_told_already_stands_back_in_its_cluster():
    flat = np.full(10, 0.5)
    config = SamplingConfig(apart=True)
    assert choose(flat, config, TOLD).chosen == (0, 2, 4)  # "" is like no other
    assert choose(flat, SamplingConfig(budget=6, apart=True), TOLD).chosen == (0, 2, 4, 6, 7, 9)
    assert choose(flat, SamplingConfig(budget=8, apart=True), TOLD).chosen == (*range(5), 6, 7, 9)


def test_apart_leaves_every_cluster_its_places():
    scores = planted()
    kinds = ["crack"] * len(scores)
    config = SamplingConfig(budget=6, pool=12, temperature=0.4)
    plain = choose(scores, config)
    apart = choose(scores, replace(config, apart=True), kinds)
    assert apart.quotas == plain.quotas
    assert apart.chosen == plain.chosen  # nothing else to tell of


def test_without_apart_types_do_not_count():
    scores = np.linspace(0.6, 0.5, 10)
    assert choose(scores, SamplingConfig(), TOLD).chosen == choose(scores).chosen
    best = SamplingConfig(strategy="topk", apart=True)
    assert choose(scores, best, TOLD).chosen == (0, 1, 2)


def test_best_page_is_kept_when_its_cluster_earns_no_place():
    scores = np.r_[0.99, np.random.default_rng(0).normal(0.3, 0.01, 30)]
    choice = choose(scores, SamplingConfig(budget=2, kde_weight="none"))
    assert choice.quality[0] < 0.25
    assert choice.chosen[0] == 0
    assert choice.quotas[0] == 1


def test_scores_outside_the_pool_take_no_part():
    scores = np.r_[planted(), np.full(500, 0.2)]
    choice = choose(scores, SamplingConfig(pool=20))
    assert (choice.labels[46:] == -1).all()
    assert (choice.labels >= 0).sum() == 20


def test_pool_is_never_smaller_than_the_budget():
    assert len(choose(planted(), SamplingConfig(budget=10, pool=2)).chosen) == 10


def test_clusters_are_numbered_by_falling_mean_without_gaps():
    scores = planted()
    labels = cluster(scores, SamplingConfig())
    assert set(labels) == set(range(labels.max() + 1))
    means = [scores[labels == number].mean() for number in range(labels.max() + 1)]
    assert means == sorted(means, reverse=True)
    assert len(means) >= 2


def test_density_is_that_of_the_weighted_sample():
    """Against the definition, written out: Gaussians of Silverman's width with softmax weights."""
    scores = np.array(FIGURE)
    weight = np.exp(scores / 0.1) / np.exp(scores / 0.1).sum()
    mean = (weight * scores).sum()
    spread = np.sqrt((weight * (scores - mean) ** 2).sum())
    width = spread * (4 / 3 / (1 / (weight**2).sum())) ** 0.2
    bells = np.exp(-(((scores[:, None] - scores) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
    expected = np.log((bells * weight).sum(axis=1))
    np.testing.assert_allclose(
        density(scores, SamplingConfig(temperature=0.1)), expected, rtol=1e-6
    )


def test_quality_follows_equation_six_with_a_global_maximum():
    logs, labels = np.log(np.array([0.5, 0.25, 1.0])), np.array([0, 0, 1])
    np.testing.assert_allclose(cluster_quality(logs, labels), [0.75 / 2, 1.0 / 2])


def test_quality_never_vanishes():
    quality = cluster_quality(np.array([0.0, -5000.0]), np.array([0, 1]))
    assert (quality > 0).all()
    assert quotas(quality, np.array([1, 1]), 2).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("quality", "sizes", "budget", "expected"),
    [
        ([3.0, 1.0], [9, 9], 4, [3, 1]),
        ([0.5, 0.3, 0.2], [9, 9, 9], 3, [1, 1, 1]),  # 1.5, 0.9, 0.6: largest remainders
        ([0.9, 0.1], [1, 9], 4, [1, 3]),  # capped at its size, the rest goes on
        ([1.0, 1e-300], [2, 9], 5, [2, 3]),
        ([1.0], [3], 3, [3]),
    ],
)
def test_quotas(quality, sizes, budget, expected):
    assert quotas(np.array(quality), np.array(sizes), budget).tolist() == expected


@given(
    st.lists(st.tuples(st.floats(1e-300, 1e3), st.integers(1, 9)), min_size=1, max_size=8),
    st.integers(1, 30),
)
@settings(deadline=None)
def test_quotas_are_whole_numbers_within_the_sizes(clusters, budget):
    sizes = np.array([size for _, size in clusters])
    budget = min(budget, int(sizes.sum()))
    taken = quotas(np.array([quality for quality, _ in clusters]), sizes, budget)
    assert taken.dtype == np.int64
    assert taken.sum() == budget
    assert ((taken >= 0) & (taken <= sizes)).all()


def test_more_places_than_pages_is_refused():
    with pytest.raises(ValueError, match="3 pages cannot fill 4"):
        quotas(np.array([1.0]), np.array([3]), 4)


@pytest.mark.parametrize("scores", [[], [[0.1, 0.2]], [0.1, np.nan], [np.inf]])
def test_scores_that_are_no_list_of_numbers_are_refused(scores):
    with pytest.raises(ValueError, match="finite scores"):
        choose(scores)


@pytest.mark.parametrize(
    "wrong", [{"budget": 0}, {"pool": 0}, {"temperature": 0.0}, {"concentration": -1.0}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        SamplingConfig(**wrong)


def test_fitting_warns_nobody():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        warnings.filterwarnings("ignore", module="sklearn.mixture")
        choose(np.linspace(0, 1, 32) ** 3)
    assert caught == []
