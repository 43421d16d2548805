"""Costs are 1 - cosine and neighbours come nearest first, with no gap."""

import numpy as np
import pytest
import torch

from adapp.ops.similarity import (
    best_rows,
    highest,
    join_stages,
    matching_cost,
    nearest_costs,
    unit_norm,
)
from tests.tolerance import assert_same


def units(*shape, dtype=torch.float32):
    return unit_norm(torch.randn(*shape, dtype=dtype))


def test_unit_norm_keeps_the_direction():
    tokens = torch.randn(2, 5, 7, dtype=torch.float64)
    unit = unit_norm(tokens)
    assert_same(unit.norm(dim=-1), torch.ones(2, 5), torch.float64)
    assert_same(unit * tokens.norm(dim=-1, keepdim=True), tokens, torch.float64)


def test_unit_norm_leaves_a_zero_token_finite():
    assert unit_norm(torch.zeros(1, 4)).tolist() == [[0.0] * 4]


def test_unit_norm_gradient():
    tokens = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(unit_norm, (tokens,))


def test_cosine_of_joined_tokens_is_the_mean_over_the_stages():
    left, right = units(3, 2, 4, 8), units(3, 2, 4, 8)
    cosine = (join_stages(left) * join_stages(right)).sum(dim=-1)
    assert_same(cosine, (left * right).sum(dim=-1).mean(dim=0))


def test_joined_tokens_have_unit_length_and_stage_order():
    patches = units(3, 2, 4, 8)
    joined = join_stages(patches)
    assert joined.shape == (2, 4, 24)
    assert_same(joined.norm(dim=-1), torch.ones(2, 4))
    assert_same(joined[1, 2, 8:16] * 3**0.5, patches[1, 1, 2])


def test_join_stages_gradient():
    patches = torch.randn(2, 1, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(join_stages, (patches,))


def test_matching_cost_against_numpy():
    queries, tokens = units(5, 8), units(9, 8)
    expected = 1 - queries.numpy().astype(np.float64) @ tokens.numpy().astype(np.float64).T
    assert_same(matching_cost(queries, tokens), expected)


def test_matching_cost_takes_batches():
    queries, tokens = units(3, 5, 8), units(3, 9, 8)
    costs = matching_cost(queries, tokens)
    assert costs.shape == (3, 5, 9)
    assert_same(costs[1], matching_cost(queries[1], tokens[1]))


def test_matching_cost_spans_zero_to_two():
    token = units(1, 8)
    assert_same(matching_cost(token, torch.cat([token, -token])), [[0.0, 2.0]])


def test_matching_cost_never_leaves_its_range_by_rounding():
    tokens = units(400, 384)
    costs = matching_cost(tokens, torch.cat([tokens, -tokens]))
    assert float(costs.min()) >= 0
    assert float(costs.max()) <= 2


def test_matching_cost_gradient():
    queries = units(3, 4, dtype=torch.float64).requires_grad_()
    tokens = units(5, 4, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(matching_cost, (queries, tokens))


@pytest.mark.parametrize("neighbours", [1, 4, 9])
def test_nearest_costs_against_a_full_sort(neighbours):
    queries, tokens = units(5, 8), units(9, 8)
    costs, rows = nearest_costs(queries, tokens, neighbours)
    expected = np.sort(1 - queries.numpy() @ tokens.numpy().T, axis=1)[:, :neighbours]
    assert costs.shape == rows.shape == (5, neighbours)
    assert_same(costs, expected)
    assert_same(matching_cost(queries, tokens).gather(1, rows), costs)


def test_too_few_tokens_repeat_the_last_one():
    queries, tokens = units(5, 8), units(3, 8)
    costs, rows = nearest_costs(queries, tokens, 7)
    assert costs.shape == rows.shape == (5, 7)
    assert torch.equal(costs[:, 3:], costs[:, 2:3].expand(-1, 4))
    assert torch.equal(rows[:, 3:], rows[:, 2:3].expand(-1, 4))
    assert bool((costs.diff(dim=1) >= 0).all())
    assert sorted(set(rows[0].tolist())) == [0, 1, 2]


def test_no_token_is_refused():
    with pytest.raises(ValueError, match="at least one token"):
        nearest_costs(units(5, 8), torch.zeros(0, 8), 1)


@pytest.mark.parametrize("rows", [1, 2, 3, 16, 50, 577])
def test_the_best_row_of_every_column(rows):
    scores = torch.randn(rows, 40)
    assert torch.equal(best_rows(scores), scores.argmax(dim=0))
    coarse = scores.bfloat16()  # with ties
    assert torch.equal(coarse.gather(0, best_rows(coarse)[None])[0], coarse.amax(dim=0))


def test_the_best_row_may_be_the_last():
    scores = torch.zeros(11, 2)
    scores[10, 0] = 1.0
    assert best_rows(scores).tolist() == [10, 0]


@pytest.mark.parametrize("count", [1, 3, 4, 6])
def test_highest_are_those_of_a_sort_and_equals_count_apiece(count):
    scores = torch.randint(0, 5, (2, 9, 7), generator=torch.Generator().manual_seed(0)).float()
    expected = scores.sort(dim=1, descending=True).values[:, :count]
    assert torch.equal(highest(scores.clone(), count), expected)
