"""The direction prompts are led along: it separates masked cells of pictures never seen."""

import torch

from adapp.auxiliary.bank import TARGET_SCALE, Shelf
from adapp.auxiliary.direction import fit_direction, halfway
from adapp.backbones.bridge import Bridge

AXIS = 2


def shelf(kind="real", seed=0, *, masked=True):
    """Return a shelf whose anomalous cells (top row) are shifted along one axis."""
    generator = torch.Generator().manual_seed(seed)
    patches = torch.randn(6, 2, 16, 6, generator=generator)
    patches[:, :, :4, AXIS] += 3.0
    target = torch.zeros(6, 4 * TARGET_SCALE, 4 * TARGET_SCALE, dtype=torch.uint8)
    target[:, :TARGET_SCALE] = int(masked)
    return Shelf(
        category="one",
        part="one",
        open=True,
        patches=patches.half(),
        local=None,
        pooled=torch.zeros(6, 6, dtype=torch.float16),
        target=target,
        label=torch.ones(6, dtype=torch.uint8),
        defect_types=("",) * 6,
        kinds=(kind,) * 6,
        grid=(4, 4),
    )


def test_the_slope_reads_masked_cells_as_anomalous():
    bridge = Bridge(2, 6, 8)
    slope = fit_direction([shelf()], bridge.project, seed=0)
    assert slope.shape == (2, 6)
    assert slope.abs().argmax(dim=1).tolist() == [AXIS, AXIS]
    fresh = bridge.project(shelf(seed=7).patches.float().transpose(0, 1))
    odds = torch.einsum("sbnj,sj->bn", fresh, slope)
    assert odds[:, :4].mean() > odds[:, 4:].mean() + 0.5


def test_patches_lie_where_the_bridge_projects_them():
    bridge = Bridge(2, 6, 8)
    bridge.centre[:, AXIS] = 50.0  # now every patch points away from the axis
    assert float(fit_direction([shelf()], bridge.project, seed=0)[:, AXIS].abs().max()) < 0.2


def test_rendered_pictures_and_normal_ones_alone_give_no_direction():
    bridge = Bridge(2, 6, 8)
    assert fit_direction([shelf("rendered")], bridge.project, seed=0) is None
    assert fit_direction([shelf(masked=False)], bridge.project, seed=0) is None


def test_halfway_is_the_mean_of_both_kinds_whatever_their_numbers():
    seen = shelf()
    middle = halfway([seen], lambda tokens: tokens, seed=0)
    cells = seen.patches.float()
    expected = (cells[:, :, :4].mean(dim=(0, 2)) + cells[:, :, 4:].mean(dim=(0, 2))) / 2
    torch.testing.assert_close(middle, expected)
    assert (middle[:, AXIS] - 1.5).abs().max() < 0.3


def test_halfway_needs_both_kinds():
    assert halfway([shelf(masked=False)], lambda tokens: tokens, seed=0) is None
    assert halfway([shelf("rendered")], lambda tokens: tokens, seed=0) is None


def test_categories_weigh_the_same_halfway():
    one, other = shelf(seed=1), shelf(seed=2)
    apart = [halfway([each], lambda tokens: tokens, seed=0) for each in (one, other)]
    joined = halfway([one, other], lambda tokens: tokens, seed=0)
    torch.testing.assert_close(joined, (apart[0] + apart[1]) / 2, rtol=1e-3, atol=1e-3)
