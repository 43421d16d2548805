import pytest

from adapp.backbones import factory
from adapp.core.errors import ModelUnavailable, UsageError
from adapp.core.settings import Settings


def test_size_reaches_the_encoder():
    backbone = factory.create("tiny", "raid", size=70)
    assert (backbone.size, backbone.grid) == (70, (5, 5))


def test_arithmetic_reaches_the_encoder():
    names = {factory.create("tiny", "raid", dtype=d).dtype_name for d in ("float32", "bfloat16")}
    assert names == {"float32", "bfloat16"}


@pytest.mark.parametrize("preset", ["Tiny", "auto", "../tiny", ""])
def test_an_unknown_preset_is_refused_with_the_known_ones(preset):
    with pytest.raises(UsageError, match="use one of embedded, paper, tiny"):
        factory.create(preset, "raid")


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="use one of raid, h2vlr, kanoclip, adseeker"):
        factory.create("tiny", "patchcore")


@pytest.mark.parametrize("size", [0, -14, 42, 1414, 10**9])
def test_a_size_out_of_bounds_is_refused(size):
    with pytest.raises(UsageError, match="out of bounds"):
        factory.create("tiny", "raid", size=size)


def test_a_size_that_cuts_patches_is_refused_with_its_neighbours():
    with pytest.raises(UsageError, match="use 490 or 504"):
        factory.create("tiny", "raid", size=500)


@pytest.mark.parametrize("method", ["h2vlr", "kanoclip", "adseeker"])
def test_published_encoders_that_are_not_built_say_so(method):
    with pytest.raises(ModelUnavailable, match=f"paper preset of {method}"):
        factory.create("paper", method, settings=Settings(weights_dir=None))
