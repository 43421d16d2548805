"""The residual's figures tell a live residual from a dead one."""

import numpy as np
import pytest

from adapp.methods.h2vlr.residual import residual_figures

MASK = np.zeros((8, 8), dtype=np.bool_)
MASK[2:6, 2:6] = True


def residual(inside: float, outside: float) -> np.ndarray:
    return np.kron(np.where(MASK, inside, outside), np.ones((21, 21))).astype(np.float32)


def test_a_dead_residual_has_no_deviation_and_marks_nothing():
    found = residual_figures([(residual(0.1, 0.1), MASK), (residual(0.1, 0.1), None)])
    assert found.deviation == pytest.approx(0.0, abs=1e-6)
    assert (found.defective, found.inside_higher) == (1, 0.0)


def test_pictures_of_different_level_vary_even_if_each_is_flat():
    found = residual_figures([(residual(0.5, 0.5), None), (residual(-0.5, -0.5), None)])
    assert found.deviation == pytest.approx(0.5, abs=1e-6)
    assert found.inside_higher is None


def test_share_counts_pictures_whose_mask_is_raised():
    pairs = [(residual(0.3, 0.0), MASK), (residual(0.2, -0.2), MASK), (residual(-0.3, 0.0), MASK)]
    good = (residual(0.0, 0.0), np.zeros_like(MASK))
    found = residual_figures([*pairs, good, (residual(1.0, -1.0), None)])
    assert found.defective == 3
    assert found.inside_higher == pytest.approx(2 / 3)


def test_nothing_gives_nothing():
    assert residual_figures([]).deviation == 0.0
