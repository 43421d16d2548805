"""Pictures of pages: repeatable, the flaw where the mask says, other specimens on request."""

import numpy as np
import pytest

from adapp.data.illustration import PARTS, draw
from adapp.data.illustration.figure import close_up
from adapp.data.illustration.flaws import PAINTERS

SIZE = 96
DRAWN = sorted(name for name, part in PARTS.items() if part.painter is not None)
OWN = [(name, flaw) for name in DRAWN for flaw in sorted(PARTS[name].flaws)]


@pytest.mark.parametrize("name", DRAWN)
def test_drawn_part_is_a_picture_with_structure(name):
    figure = draw({"part": name}, SIZE)
    assert figure.sound.shape == (SIZE, SIZE, 3)
    assert figure.sound.dtype == np.uint8
    assert figure.sound.std() > 8
    assert figure.damaged is figure.mask is figure.detail is None


@pytest.mark.parametrize(("name", "flaw"), OWN)
def test_flaw_of_a_part_changes_a_part_of_it(name, flaw):
    """Everything else stays as it is: the same specimen, light and noise."""
    figure = draw({"part": name, "flaw": flaw}, 192)
    assert 0.0008 < figure.mask.mean() < 0.5
    outside = np.abs(figure.damaged.astype(int) - figure.sound)[~figure.mask]
    assert np.mean(outside > 12) < 0.02
    assert figure.detail.shape == figure.sound.shape


@pytest.mark.parametrize("flaw", sorted(PAINTERS))
@pytest.mark.parametrize("name", ["biscuit", "sheet"])
def test_general_flaw_shows_on_an_object_and_on_a_surface(name, flaw):
    figure = draw({"part": name, "flaw": flaw}, SIZE)
    assert figure.mask.mean() > 0.0008
    assert figure.damaged.shape == figure.sound.shape


@pytest.mark.parametrize("flaw", ["burn", "stain", "spot", "scratch", "corrosion", "rough_texture"])
def test_flaw_of_the_material_ends_where_the_object_ends(flaw):
    figure = draw({"part": "gum", "flaw": flaw}, SIZE)
    corner = np.s_[:12, :12]
    np.testing.assert_array_equal(figure.damaged[corner], figure.sound[corner])


def test_same_wish_gives_the_same_pictures():
    wish = {"part": "capsule", "flaw": "crack", "seed": 3}
    first, second = draw(wish, SIZE), draw(wish, SIZE)
    np.testing.assert_array_equal(first.damaged, second.damaged)
    np.testing.assert_array_equal(first.mask, second.mask)


@pytest.mark.parametrize("wish", [{"part": "bottle", "flaw": "contamination"}, {"part": "leather"}])
def test_another_variant_is_another_specimen(wish):
    first, second = draw(wish, SIZE), draw(wish, SIZE, variant=1)
    assert np.mean(first.sound != second.sound) > 0.2


def test_a_second_flaw_is_added():
    one = draw({"part": "wood", "flaw": "hole"}, SIZE)
    two = draw({"part": "wood", "flaw": "hole", "extra": "scratch"}, SIZE)
    assert two.mask.sum() > one.mask.sum()
    assert two.mask[one.mask].mean() > 0.9


def test_close_up_shows_the_mask_large():
    picture = np.zeros((80, 80, 3), dtype=np.uint8)
    mask = np.zeros((80, 80), dtype=np.bool_)
    mask[60:70, 5:15] = True
    picture[mask] = 255
    assert (close_up(picture, mask)[..., 0] > 128).mean() > 4 * mask.mean()
    assert close_up(picture, np.zeros_like(mask)) is picture


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({}, "unknown part ''"),
        ({"part": "unicorn"}, "unknown part 'unicorn'"),
        ({"part": "biscuit", "flaw": "sadness"}, "unknown flaw 'sadness'"),
        ({"part": "sheet", "flaw": "chip"}, "cannot show the flaw 'chip'"),
    ],
)
def test_wishes_that_cannot_be_drawn_are_refused(wish, message):
    with pytest.raises(ValueError, match=message):
        draw(wish, SIZE)
