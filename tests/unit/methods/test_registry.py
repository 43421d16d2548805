"""What the registry says about a method before it is loaded."""

from dataclasses import replace

import pytest

from adapp.core.errors import UsageError
from adapp.methods import registry
from adapp.methods.registry import METHODS


def test_meaning_of_a_numbered_map_may_leave_the_number_out():
    info = replace(METHODS["raid"], map_meanings={"stage": "One depth.", "stage 9": "The last."})
    assert info.meaning("stage 3") == "One depth."
    assert info.meaning("stage 9") == "The last."


def test_map_without_a_meaning_is_named_with_its_method():
    assert METHODS["raid"].meaning("odd") == "An intermediate map of RAID: odd."


@pytest.mark.parametrize(
    ("regimes", "needs", "learns"),
    [
        ({"few_shot", "full_shot"}, True, True),
        ({"zero_shot"}, False, False),
        ({"zero_shot", "few_shot"}, False, True),
    ],
)
def test_regimes_say_what_normal_pictures_are_for(regimes, needs, learns):
    info = replace(METHODS["raid"], regimes=frozenset(regimes))
    assert (info.needs_support, info.learns_support) == (needs, learns)


@pytest.mark.parametrize("info", METHODS.values(), ids=METHODS)
def test_every_method_explains_its_three_maps(info):
    assert {"base", "residual", "fused"} <= set(info.map_meanings)


def test_references_are_trained_and_loaded_by_name_and_are_no_methods(monkeypatch, tmp_path):
    from adapp.auxiliary import linear_floor, reference

    asked = []
    monkeypatch.setattr(linear_floor, "run", lambda request, **_: asked.append(request.variant))
    monkeypatch.setattr(reference, "build", lambda *given: given)
    registry.train(
        "linear_floor", preset="tiny", variant=None, roots=(), out=tmp_path, epochs=None, seed=0
    )
    assert asked == ["median"]
    given = registry.load("bridge", preset="tiny", checkpoint="x", variant="top", seed=3)
    assert given == ("bridge", "tiny", "x", "top", None, 3)
    with pytest.raises(UsageError, match="no variant 'full'"):
        registry.load("bridge", variant="full")
    assert not set(registry.REFERENCES) & set(METHODS)


@pytest.mark.parametrize("seed", [-1, registry.MOST_SEED + 1])
def test_seeds_that_no_library_takes_are_refused_before_anything_is_loaded(seed, tmp_path):
    with pytest.raises(UsageError, match=f"seed {seed} is out of range"):
        registry.load("raid", preset="tiny", seed=seed)
    given = {"preset": "tiny", "variant": None, "roots": (), "epochs": None, "seed": seed}
    with pytest.raises(UsageError, match=f"seed {seed} is out of range"):
        registry.train("raid", out=tmp_path / "c.safetensors", **given)
