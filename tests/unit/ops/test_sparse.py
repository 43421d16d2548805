"""Sparse coding: it never climbs, meets the closed form, and falls silent when asked to."""

import itertools

import pytest
import torch

from adapp.ops.sparse import lasso_objective, soft_threshold, sparse_code


def drawn(batch=5, width=12, atoms=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    queries = torch.randn(batch, width, generator=generator, dtype=torch.float64)
    return queries, torch.randn(atoms, width, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("descent", [1.0, 0.4])
@pytest.mark.parametrize("sparsity", [0.0, 0.1, 1.0])
def test_the_objective_never_rises(sparsity, descent):
    queries, atoms = drawn()
    values = [
        lasso_objective(
            queries,
            sparse_code(queries, atoms, sparsity=sparsity, steps=steps, descent=descent),
            atoms,
            sparsity,
        )
        for steps in range(12)
    ]
    for before, after in itertools.pairwise(values):
        assert (after <= before + 1e-12).all()
    assert (values[-1] < values[0]).all()


def test_an_orthonormal_dictionary_gives_the_closed_form_in_one_step():
    queries, _ = drawn(width=6)
    atoms = torch.linalg.qr(drawn(width=6, atoms=6, seed=3)[1]).Q
    expected = soft_threshold(queries @ atoms.T, 0.3)
    for steps in (1, 9):
        code = sparse_code(queries, atoms, sparsity=0.3, steps=steps)
        torch.testing.assert_close(code, expected, rtol=1e-9, atol=1e-9)


def test_many_steps_reach_a_point_where_no_coordinate_can_gain():
    queries, atoms = drawn()
    code = sparse_code(queries, atoms, sparsity=0.5, steps=4000)
    slope = (queries - code @ atoms) @ atoms.T
    active = code != 0
    assert 0 < active.sum() < active.numel()
    torch.testing.assert_close(slope[active], 0.5 * code[active].sign(), rtol=1e-5, atol=1e-6)
    assert (slope[~active].abs() <= 0.5 + 1e-9).all()


def test_a_high_price_leaves_no_code_at_all():
    queries, atoms = drawn()
    assert torch.equal(
        sparse_code(queries, atoms, sparsity=1e3, steps=5), torch.zeros(5, 7, dtype=torch.float64)
    )


def test_gradients_reach_dictionary_and_queries_through_the_loop():
    queries, atoms = drawn(batch=3, width=5, atoms=4)
    queries.requires_grad_()
    atoms.requires_grad_()
    code = sparse_code(queries, atoms, sparsity=0.05, steps=3)
    code.square().sum().backward()
    assert queries.grad.abs().sum() > 0
    assert atoms.grad.abs().sum() > 0


def test_soft_threshold_by_hand():
    values = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])
    assert soft_threshold(values, 1.0).tolist() == [-1.0, 0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("descent", [0.0, 1.5])
def test_unsafe_steps_are_refused(descent):
    with pytest.raises(ValueError, match="descent"):
        sparse_code(*drawn(), sparsity=0.1, steps=1, descent=descent)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="queries"):
        sparse_code(torch.zeros(2, 3), torch.zeros(4, 5), sparsity=0.1, steps=1)
