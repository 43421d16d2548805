"""What all builds share: names of files, whose bridge is taken, what a card must say."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from adapp.core.errors import CheckpointMismatch, UsageError
from adapp.core.settings import Settings
from adapp.methods.building import bridge_of, bridge_path, named_step, shipped_path, trained_step
from adapp.training.checkpoint import Checkpoint

STEPS = ("base", "middle", "full")


@pytest.fixture
def settings(tmp_path):
    return replace(Settings(), checkpoints_dir=tmp_path)


def checkpoint(**card):
    told = {"method": "raid", "preset": "tiny", "variant": "middle"} | card
    return Checkpoint({"bridge.a": torch.ones(1)}, told, "0" * 64, Path("mine.safetensors"))


def test_shipped_checkpoints_are_named_by_method_preset_and_step(settings, tmp_path):
    folder = settings.checkpoints_dir
    name = shipped_path("raid", "open", "embedded", settings)
    assert name == folder / "raid-embedded-open.safetensors"
    step = shipped_path("raid", "research", "tiny", settings, "middle")
    assert step == folder / "raid-tiny-research-middle.safetensors"
    mine = tmp_path / "mine.safetensors"
    assert shipped_path("raid", str(mine), "tiny", settings, "middle") == mine


def test_the_shipped_bridge_goes_before_the_complete_checkpoint(settings):
    folder = settings.checkpoints_dir
    assert bridge_path("kanoclip", "open", "tiny", settings) is None
    inside = folder / "kanoclip-tiny-open.safetensors"
    inside.write_bytes(b"")
    assert bridge_path("kanoclip", "open", "tiny", settings) == inside
    alone = folder / "bridge-tiny-open.safetensors"
    alone.write_bytes(b"")
    assert bridge_path("kanoclip", "open", "tiny", settings) == alone
    assert bridge_path("kanoclip", "mine.safetensors", "tiny", settings) == Path("mine.safetensors")


def test_clip_needs_no_bridge_and_a_checkpoint_gives_its_own():
    assert bridge_of(None, "paper") is None
    assert bridge_of(checkpoint(), "paper") is None
    assert list(bridge_of(checkpoint(), "embedded")) == ["a"]


def test_a_step_is_found_by_its_name():
    assert named_step("raid", "middle", STEPS) == "middle"
    assert named_step("raid", None, STEPS) is None
    with pytest.raises(UsageError, match=r"raid has no variant 'best'; choose one of base, middle"):
        named_step("raid", "best", STEPS)


@pytest.mark.parametrize("card", [{"method": "h2vlr"}, {"preset": "embedded"}, {"method": None}])
def test_a_card_of_something_else_is_refused(card):
    with pytest.raises(CheckpointMismatch, match="not for raid on tiny"):
        trained_step(checkpoint(**card), "raid", "tiny", STEPS, None)


def test_a_card_must_name_the_step_that_was_asked_for():
    assert trained_step(checkpoint(), "raid", "tiny", STEPS, None) == "middle"
    assert trained_step(checkpoint(), "raid", "tiny", STEPS, "middle") == "middle"
    with pytest.raises(CheckpointMismatch, match="trained as variant middle, not full"):
        trained_step(checkpoint(), "raid", "tiny", STEPS, "full")
    with pytest.raises(CheckpointMismatch, match="trained as variant best, not full"):
        trained_step(checkpoint(variant="best"), "raid", "tiny", STEPS, None)
