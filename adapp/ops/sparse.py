"""Sparse coding by an unrolled iterative soft-threshold algorithm (ISTA)."""

import torch
from torch import Tensor

from adapp.ops.checks import check_shape


def soft_threshold(values: Tensor, threshold: Tensor | float) -> Tensor:
    """Return ``sign(v) * max(|v| - threshold, 0)``, the shape of ``values``."""
    return values.sign() * (values.abs() - threshold).clamp_min(0.0)


def lasso_objective(queries: Tensor, code: Tensor, atoms: Tensor, sparsity: float) -> Tensor:
    """Return ``|q - P E|^2 / 2 + sparsity * |P|_1`` of every query, [B].

    Args:
        queries: What is coded, [B, D].
        code: P, [B, K].
        atoms: E, the dictionary, [K, D].
        sparsity: Weight of the code's absolute sum, at least 0.

    Source: ADSeeker eq. 9.
    """
    missing = queries - code @ atoms
    return 0.5 * missing.square().sum(dim=-1) + sparsity * code.abs().sum(dim=-1)


def sparse_code(
    queries: Tensor, atoms: Tensor, *, sparsity: float, steps: int, descent: float = 1.0
) -> Tensor:
    """Return the code of each query after ``steps`` steps from zero, [B, K].

    A step goes down the gradient of the squared error and then applies the soft threshold; its
    length is ``descent`` over the largest eigenvalue of ``atoms @ atoms.T``, so that the objective
    never rises. Gradients reach queries and atoms through every step.

    Args:
        queries: What is coded, [B, D].
        atoms: The dictionary, [K, D].
        sparsity: Weight of the code's absolute sum, at least 0.
        steps: Number of steps.
        descent: Length of a step relative to the longest safe one, in (0, 1].

    Raises:
        ValueError: If the shapes disagree or ``descent`` is out of range.

    Source: ADSeeker eq. 7-9, as the standard ISTA for eq. 9 (README.md of the method, D1).
    """
    check_shape("queries", queries, (None, atoms.shape[1]))
    if not 0.0 < descent <= 1.0:
        msg = f"descent must lie in (0, 1], got {descent}"
        raise ValueError(msg)
    exact = atoms.detach().to(torch.promote_types(atoms.dtype, torch.float32))
    largest = torch.linalg.matrix_norm(exact, 2).square().clamp_min(1e-12)
    step = descent / largest
    code = queries.new_zeros(len(queries), len(atoms))
    for _ in range(steps):
        missing = queries - code @ atoms  # eq. 7
        code = soft_threshold(code + step * (missing @ atoms.T), step * sparsity)
    return code
