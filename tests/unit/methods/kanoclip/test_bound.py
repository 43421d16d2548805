"""Bi-CMCI bound to a part says what its blocks say one by one."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from adapp.methods.kanoclip.bound import bind
from adapp.methods.kanoclip.config import InteractionConfig
from adapp.methods.kanoclip.interaction import BiCMCI

STAGES, WIDTH, GRID = 3, 24, (6, 5)
CONFIG = InteractionConfig(inner=16, heads=4, groups=2, stride=2, kernel=3)


def _blocks() -> list[BiCMCI]:
    """Return blocks with every parameter and gate away from its first value."""
    torch.manual_seed(0)
    blocks = [BiCMCI(WIDTH, CONFIG).eval() for _ in range(STAGES)]
    with torch.no_grad():
        for block in blocks:
            for parameter in block.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    return blocks


def _unit(*shape: int) -> Tensor:
    return functional.normalize(torch.randn(*shape, WIDTH), dim=-1)


@pytest.mark.parametrize("batch", [1, 3])
def test_bound_blocks_say_what_the_blocks_say(batch: int) -> None:
    blocks, visual, text = _blocks(), _unit(STAGES, batch, 30), _unit(STAGES, 2)
    with torch.no_grad():
        met, prompts = bind(blocks, text)(visual, GRID)
        for stage, block in enumerate(blocks):
            own = block(visual[stage], text[stage].expand(batch, -1, -1), GRID)
            torch.testing.assert_close(met[stage], own[0], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(prompts[stage], own[1], atol=1e-5, rtol=1e-5)


def test_reduced_arithmetic_is_no_further_off_than_that_of_the_blocks() -> None:
    blocks, visual, text = _blocks(), _unit(STAGES, 2, 30), _unit(STAGES, 2)
    with torch.no_grad():
        exact, _ = bind(blocks, text)(visual, GRID)
        met, prompts = bind(blocks, text).reduced()(visual, GRID)
        own = torch.stack(
            [
                block(visual[stage], text[stage].expand(2, -1, -1), GRID, reduced=True)[0]
                for stage, block in enumerate(blocks)
            ]
        )
    assert met.dtype == prompts.dtype == torch.float32
    assert (met - exact).abs().mean() < 1.5 * (own - exact).abs().mean()
