"""The learned direction points from normal to anomalous, and never at what it was kept from."""

from dataclasses import replace

import pytest
import torch

from adapp.methods.h2vlr.direction import fit_directions
from adapp.methods.h2vlr.encoding import joint_tokens
from adapp.methods.h2vlr.episodes import features_of
from adapp.methods.h2vlr.presets import TINY
from adapp.methods.h2vlr.semantics import Direction
from tests.tolerance import assert_same
from tests.unit.methods.h2vlr.planted_parts import GRID, shelf, tiny_space


@pytest.fixture(scope="module")
def space():
    return tiny_space()


def read(direction, part, space):
    """Return readings and node truth of all pictures of a shelf, [P, N]."""
    joint = joint_tokens(features_of(part, torch.arange(len(part))), space, TINY)
    truth = part.target.view(-1, GRID[0], 4, GRID[1], 4).amax(dim=(2, 4)).flatten(1).bool()
    return direction.readings(joint), truth


def test_anomalous_patches_read_higher(space):
    part = shelf()
    readings, truth = read(fit_directions([part], space, TINY, seed=0).kept, part, space)
    assert float(readings[truth].min()) > float(readings[~truth].max())


def test_every_part_of_the_shelves_is_read_by_a_fit_without_it(space):
    shelves = [shelf(seed=number, category=f"set/{number}") for number in range(3)]
    found = fit_directions(shelves, space, TINY, seed=0)
    assert found.of_shelf[0] is found.of_shelf[2]
    assert found.of_shelf[0] is not found.of_shelf[1]
    alone = fit_directions([shelves[1]], space, replace(TINY, cross_fit=0), seed=0)
    others = fit_directions([shelves[0], shelves[2]], space, replace(TINY, cross_fit=0), seed=0)
    assert_same(others.kept.slope.shape, found.of_shelf[1].slope.shape)
    right = torch.nn.functional.cosine_similarity(
        found.of_shelf[1].slope.flatten(), others.kept.slope.flatten(), dim=0
    )
    wrong = torch.nn.functional.cosine_similarity(
        found.of_shelf[1].slope.flatten(), alone.kept.slope.flatten(), dim=0
    )
    assert float(right) > 0.95 > float(wrong)
    together = fit_directions(shelves, space, replace(TINY, cross_fit=0), seed=0)
    assert all(one is together.kept for one in together.of_shelf)


def test_synthetic_defects_take_no_part_and_normals_alone_read_nothing(space):
    found = fit_directions([shelf(real=0)], space, TINY, seed=0).kept
    assert float(found.slope.abs().max()) == 0.0


def test_the_same_seed_fits_the_same(space):
    one, other = (fit_directions([shelf()], space, TINY, seed=4).kept for _ in range(2))
    assert torch.equal(one.slope, other.slope)
    assert torch.equal(one.offset, other.offset)


def test_reduced_precision_reads_almost_the_same():
    joint = torch.nn.functional.normalize(torch.randn(2, 1, 30, 64), dim=-1)
    direction = Direction(torch.randn(2, 64), torch.tensor(0.3))
    difference = direction.readings(joint) - direction.readings(joint.bfloat16())
    assert 0 < float(difference.abs().max()) < 0.05
