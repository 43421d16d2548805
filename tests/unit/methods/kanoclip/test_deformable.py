"""Deformable attention: bounded offsets, the regular grid at zero, samples that follow a shift."""

import pytest
import torch

from adapp.methods.kanoclip.config import InteractionConfig
from adapp.methods.kanoclip.deformable import DeformableAttention
from adapp.ops.sampling import reference_points
from tests.unit.methods.kanoclip.planted import SMALL, units

GRID = (12, 12)


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return DeformableAttention(SMALL)


def queries(seed=0, grid=GRID):
    """Return what the offset network sees of one picture, [groups, inner / groups, h, w]."""
    channels = SMALL.inner // SMALL.groups
    return torch.randn(SMALL.groups, channels, *grid, generator=torch.Generator().manual_seed(seed))


def _silent(attention):
    torch.nn.init.zeros_(attention.offsets.layers[3].weight)
    return attention


def _by_hand(attention, tokens):
    """Return attention to keys at the regular places, written out without ``grid_sample``.

    With a stride of 2 on 12 x 12 cells the 6 x 6 places lie where four cells meet.
    """
    reduced = tokens[0].reshape(*GRID, -1)
    keys = reduced.reshape(6, 2, 6, 2, -1).mean(dim=(1, 3)).flatten(0, 1)  # [36, I]
    parts = []
    width = SMALL.inner // SMALL.heads
    q, k, v = attention.query(reduced).flatten(0, 1), attention.key(keys), attention.value(keys)
    for head in range(SMALL.heads):
        own = slice(head * width, (head + 1) * width)
        weights = (q[:, own] @ k[:, own].T / width**0.5).softmax(dim=-1)
        parts.append(weights @ v[:, own])
    return torch.cat(parts, dim=1)


def test_every_patch_gathers_a_vector(attention):
    out = attention(units(2, 144, SMALL.inner), GRID)
    assert out.shape == (2, 144, SMALL.inner)
    assert out.isfinite().all()


def test_offsets_stay_within_reach_however_loud_the_picture(attention):
    offsets = attention.offsets(1e4 * queries())
    assert offsets.abs().max() <= SMALL.reach
    assert offsets.abs().max() > 0.5 * SMALL.reach
    assert offsets.shape == (SMALL.groups, 2, 6, 6)


def test_points_move_by_offsets_counted_in_cells(attention):
    moved = attention.points(queries())
    regular = reference_points(6, 6, moved)
    in_cells = (moved - regular) * 6.0  # one of 12 cells is 2 / 12 wide
    expected = attention.offsets(queries()).flatten(2).transpose(1, 2)
    torch.testing.assert_close(in_cells, expected, atol=1e-5, rtol=0)


def test_silent_offsets_are_attention_on_the_regular_grid(attention):
    tokens = units(1, 144, SMALL.inner)
    found = _silent(attention)(tokens, GRID)
    torch.testing.assert_close(found[0], _by_hand(attention, tokens), atol=1e-5, rtol=1e-4)


def test_learned_offsets_change_what_is_gathered(attention):
    tokens = units(1, 144, SMALL.inner)
    with torch.no_grad():
        attention.offsets.layers[3].weight.mul_(20)
    moved = attention(tokens, GRID)
    assert not torch.allclose(moved, _silent(attention)(tokens, GRID), atol=1e-4)


def test_a_shifted_picture_shifts_the_offsets(attention):
    picture = queries(grid=(16, 16))
    shifted = picture.roll(shifts=2 * SMALL.stride, dims=3)
    before, after = attention.offsets(picture), attention.offsets(shifted)
    # away from the border and from the seam of the roll
    torch.testing.assert_close(after[..., 3:-1], before[..., 1:-3], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(after[..., 3:-1], before[..., 3:-1], atol=1e-3)


def test_gradient_reaches_every_parameter(attention):
    attention(units(2, 144, SMALL.inner), GRID).square().sum().backward()
    dead = [name for name, p in attention.named_parameters() if p.grad is None or not p.grad.any()]
    # a key's bias adds the same to every score of a softmax
    assert set(dead) <= {"key.bias"}


def test_widths_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="must divide"):
        DeformableAttention(InteractionConfig(inner=10, heads=4, groups=2))
