"""Wrong shapes and values are named."""

import pytest
import torch

from adapp.ops.checks import check_finite, check_shape


@pytest.mark.parametrize("expected", [(2, 3), (None, 3), (2, None), (None, None)])
def test_a_fitting_shape_passes(expected):
    assert check_shape("tokens", torch.zeros(2, 3), expected) is None


@pytest.mark.parametrize("expected", [(2, 4), (None, 2), (2,), (2, 3, None), ()])
def test_another_shape_is_refused_by_name(expected):
    with pytest.raises(ValueError, match=r"tokens has shape \(2, 3\)"):
        check_shape("tokens", torch.zeros(2, 3), expected)


def test_finite_values_pass():
    assert check_finite("costs", torch.tensor([0.0, -1e30, 1e30])) is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused_by_name(bad):
    with pytest.raises(ValueError, match="costs holds values"):
        check_finite("costs", torch.tensor([0.0, bad]))
