"""Epochs that go on after an interruption, and states that cannot be gone on from."""

import pytest
import torch

from adapp.core.errors import CheckpointMismatch
from adapp.training.loop import LoopPlan, run_epochs


def trained(plan, stop_before=None):
    """Values and losses of a toy training; it is broken off before epoch ``stop_before``."""
    torch.manual_seed(0)
    module = torch.nn.Linear(3, 1)
    optimizer = torch.optim.Adam(module.parameters())

    def epoch(number):
        if number == stop_before:
            raise KeyboardInterrupt
        optimizer.zero_grad()
        loss = module(torch.rand(8, 3)).square().mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    losses = run_epochs(module, optimizer, epoch, plan)
    return torch.cat([value.detach().reshape(-1) for value in module.parameters()]), losses


def plan_for(path, *, resume=False, fingerprint="this"):
    return LoopPlan(5, 3, path, fingerprint, resume)


def test_a_resumed_training_ends_as_an_uninterrupted_one_would(tmp_path):
    whole, losses = trained(plan_for(tmp_path / "a.state"))
    with pytest.raises(KeyboardInterrupt):
        trained(plan_for(tmp_path / "b.state"), stop_before=3)
    resumed, again = trained(plan_for(tmp_path / "b.state", resume=True))
    assert torch.equal(resumed, whole)
    assert again == losses


def test_a_state_of_another_training_is_refused(tmp_path):
    trained(plan_for(tmp_path / "a.state"))
    with pytest.raises(CheckpointMismatch, match="belongs to another training"):
        trained(plan_for(tmp_path / "a.state", resume=True, fingerprint="that"))


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 cut off"])
def test_a_damaged_state_is_told_with_what_to_do(content, tmp_path):
    (tmp_path / "a.state").write_bytes(content)
    with pytest.raises(CheckpointMismatch, match=r"a\.state is damaged: remove it"):
        trained(plan_for(tmp_path / "a.state", resume=True))
