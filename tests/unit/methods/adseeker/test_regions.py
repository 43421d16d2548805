"""Regions: masks weigh the tokens, types are canonical, normal pieces stand beside them."""

import pytest
import torch

from adapp.auxiliary.bank import Shelf
from adapp.methods.adseeker.presets import PAPER, TINY
from adapp.methods.adseeker.regions import NOTHING, PIECES, UNKNOWN, collect_regions, described
from adapp.methods.adseeker.vocabulary import TYPES
from adapp.ops.outline import READINGS, outline_readings
from tests.unit.methods.adseeker.planted import units


def shelf(category="set/plate", seed=0):
    """Two normal pictures, a blowhole in the top left patch, and a defect without a type."""
    target = torch.zeros(4, 16, 16, dtype=torch.uint8)
    target[2, :4, :4] = 1
    target[3, 8:, 8:] = 1
    return Shelf(
        category=category,
        part="plate",
        open=True,
        patches=units(4, 4, 16, 64, seed=seed).half(),
        local=None,
        pooled=units(4, 64, seed=seed).half(),
        target=target,
        label=torch.tensor([0, 0, 1, 1], dtype=torch.uint8),
        defect_types=("", "", "blowhole", "defect"),
        kinds=("real",) * 4,
        grid=(4, 4),
    )


def test_masks_weigh_the_tokens_and_types_are_canonical(joint):
    found = collect_regions([shelf()], joint, TINY.types, seed=0)
    assert found.types.tolist() == [TYPES.index("hole"), UNKNOWN, NOTHING, NOTHING]
    visual = joint.project(shelf().patches[2].float().unsqueeze(1))
    torch.testing.assert_close(found.features[0], visual[:, 0, 0].flatten(), rtol=1e-3, atol=1e-4)
    drawn = outline_readings(shelf().target[2].numpy())
    assert found.outlines[0, 0].tolist() == pytest.approx(drawn.tolist())
    assert found.outlines.shape == (4, 2, READINGS)


def test_every_stage_describes_a_region_or_the_last_alone():
    visual = units(3, 2, 5, 8)
    assert torch.equal(described(visual, TINY.types)[1, 4, 8:16], visual[1, 1, 4])
    assert torch.equal(described(visual, PAPER.types), visual[-1])


def test_what_is_drawn_of_a_category_does_not_depend_on_the_others(joint):
    alone = collect_regions([shelf("set/b")], joint, TINY.types, seed=0)
    together = collect_regions([shelf("set/a", 3), shelf("set/b")], joint, TINY.types, seed=0)
    torch.testing.assert_close(together.features[4:], alone.features)
    assert together.categories.tolist() == [0] * 4 + [1] * 4
    assert PIECES >= 2


def test_no_pictures_give_no_regions(joint):
    assert len(collect_regions([], joint, TINY.types, seed=0)) == 0
