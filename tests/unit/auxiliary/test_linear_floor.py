"""The linear floor: finds what separates masked cells, weighs categories alike."""

import json

import pytest
import torch

from adapp.auxiliary import linear_floor
from adapp.auxiliary.bank import TARGET_SCALE, Shelf
from adapp.auxiliary.linear_floor import fit, restored, run
from adapp.core.errors import CheckpointMismatch, UsageError
from adapp.training.checkpoint import load_checkpoint
from adapp.training.request import TrainingRequest

GRID = (4, 4)


def shelf(category, count, *, axis, kind="real", seed=0):
    """Return a shelf whose anomalous cells (top row) are shifted along ``axis``."""
    generator = torch.Generator().manual_seed(seed)
    patches = 0.1 * torch.randn(count, 2, 16, 6, generator=generator)
    target = torch.zeros(count, 4 * TARGET_SCALE, 4 * TARGET_SCALE, dtype=torch.uint8)
    target[:, :TARGET_SCALE] = 1
    patches[:, :, :4, axis] += 1.0
    return Shelf(
        category=category,
        part=category,
        open=True,
        patches=patches.half(),
        local=None,
        pooled=torch.zeros(count, 6, dtype=torch.float16),
        target=target,
        label=torch.ones(count, dtype=torch.uint8),
        defect_types=("",) * count,
        kinds=(kind,) * count,
        grid=GRID,
    )


def test_masked_cells_get_the_higher_odds():
    floor = fit([shelf("one", 6, axis=2)], seed=0)
    fresh = shelf("other", 3, axis=2, seed=7)
    odds = floor.maps(fresh.patches.float().transpose(0, 1))
    assert odds.shape == (3, 16)
    assert odds[:, :4].min() > 0 > odds[:, 4:].max()


def test_categories_weigh_the_same():
    many, few = shelf("many", 60, axis=0), shelf("few", 3, axis=1)
    floor = fit([many, few], seed=0)
    slopes = floor.weight.view(2, 6).sum(dim=0)
    assert float(slopes[1]) > 0.5 * float(slopes[0]) > 0


def test_synthetic_pictures_are_not_looked_at():
    floor = fit([shelf("one", 6, axis=2), shelf("made", 6, axis=4, kind="synthetic")], seed=0)
    alone = fit([shelf("one", 6, axis=2)], seed=0)
    torch.testing.assert_close(floor.weight, alone.weight, atol=1e-4, rtol=1e-3)


def test_normal_pictures_alone_are_not_enough():
    plain = shelf("one", 3, axis=0)
    plain.target.zero_()
    with pytest.raises(UsageError, match="masked"):
        fit([plain], seed=0)


def test_trained_from_folders_with_a_card(root, tmp_path, monkeypatch):
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "floor.safetensors"
    asked = TrainingRequest(
        preset="tiny", variant="median", roots=(root,), out=out, leave_out=("set/concrete_01",)
    )
    card = json.loads(run(asked, resume=False).with_suffix(".json").read_text())
    assert card["method"] == linear_floor.NAME
    assert card["trained_on"] == ["set/steel_plate"]
    assert card["synthetic_anomalies"] is False
    assert restored(load_checkpoint(out).state).weight.shape == (4 * 64,)
    with pytest.raises(UsageError, match="without --resume"):
        run(asked, resume=True)


def test_a_checkpoint_of_something_else_is_refused():
    with pytest.raises(CheckpointMismatch, match="linear_floor"):
        restored({"bridge.centre": torch.zeros(2)})
