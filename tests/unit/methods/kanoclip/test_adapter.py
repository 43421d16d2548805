"""Conv-Adapter: what it is built of, and that it is silent at first."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from adapp.methods.kanoclip.adapter import ConvAdapter, LinearAdapter
from adapp.methods.kanoclip.config import GlobalConfig
from tests.unit.methods.kanoclip.planted import GRID, WIDTH, awake, units

CONFIG = GlobalConfig()
CELLS = GRID[0] * GRID[1]


def test_convolution_is_depthwise_between_two_pointwise_layers():
    adapter = ConvAdapter(WIDTH, CONFIG)
    inner = WIDTH // CONFIG.reduction
    assert adapter.depthwise.groups == adapter.depthwise.in_channels == inner
    assert adapter.depthwise.kernel_size == (3, 3)
    assert (adapter.down.in_features, adapter.down.out_features) == (WIDTH, inner)
    assert (adapter.up.in_features, adapter.up.out_features) == (inner, WIDTH)


@pytest.mark.parametrize("kind", [ConvAdapter, LinearAdapter])
def test_an_untrained_adapter_leaves_the_feature_alone(kind):
    pooled = units(2, WIDTH)
    adapted = kind(WIDTH, CONFIG)(pooled, units(2, CELLS, WIDTH), GRID)
    torch.testing.assert_close(adapted, pooled)


def test_conv_adapter_is_what_its_parts_say():
    adapter = awake(ConvAdapter(WIDTH, CONFIG))
    pooled, visual = units(2, WIDTH), units(2, CELLS, WIDTH, seed=3)
    inner = functional.linear(
        functional.layer_norm(visual, (WIDTH,), adapter.norm.weight, adapter.norm.bias),
        adapter.down.weight,
        adapter.down.bias,
    )
    grid = inner.reshape(2, *GRID, -1).permute(0, 3, 1, 2)
    turned = torch.relu(adapter.depthwise(grid)).permute(0, 2, 3, 1)
    out = adapter.up(turned).mean(dim=(1, 2))  # pointwise first, the mean after it
    expected = functional.normalize(0.8 * pooled + 0.2 * out, dim=-1)
    torch.testing.assert_close(adapter(pooled, visual, GRID), expected, atol=1e-5, rtol=1e-4)


def test_where_a_patch_lies_matters_to_the_convolution():
    adapter = awake(ConvAdapter(WIDTH, CONFIG))
    pooled, visual = units(1, WIDTH), units(1, CELLS, WIDTH, seed=3)
    shuffled = visual[:, torch.randperm(CELLS, generator=torch.Generator().manual_seed(0))]
    one, other = adapter(pooled, visual, GRID), adapter(pooled, shuffled, GRID)
    assert not torch.allclose(one, other, atol=1e-4)


def test_linear_adapter_is_equation_11():
    adapter = awake(LinearAdapter(WIDTH, CONFIG))
    pooled = units(2, WIDTH)
    normed = functional.layer_norm(pooled, (WIDTH,), adapter.norm.weight, adapter.norm.bias)
    expected = torch.relu(normed @ adapter.down.weight.T) @ adapter.up.weight.T
    torch.testing.assert_close(adapter.bottleneck(pooled), expected)
    assert adapter.down.bias is None
    assert adapter.up.bias is None
    mixed = adapter(pooled, units(2, CELLS, WIDTH), GRID)
    torch.testing.assert_close(mixed, functional.normalize(0.8 * pooled + 0.2 * expected, dim=-1))


@pytest.mark.parametrize("kind", [ConvAdapter, LinearAdapter])
def test_gradient_reaches_every_parameter(kind):
    adapter = awake(kind(WIDTH, CONFIG))
    out = adapter(units(2, WIDTH), units(2, CELLS, WIDTH, seed=3), GRID)
    (out * units(2, WIDTH, seed=8)).sum().backward()
    assert [n for n, p in adapter.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_reduction_sets_the_inner_width():
    assert ConvAdapter(WIDTH, replace(CONFIG, reduction=2)).down.out_features == WIDTH // 2
