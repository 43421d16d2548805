"""Induction: nothing at first, something after training, and only where it may act."""

from dataclasses import replace

import pytest
import torch

from adapp.backbones.base import TextTokens
from adapp.methods.h2vlr.presets import TINY
from adapp.methods.h2vlr.prompts import SLOTS, prompts_for
from adapp.methods.h2vlr.semantics import (
    Mapper,
    affinities,
    centre_logits,
    forgiven,
    global_feature,
    induced,
    repository,
)
from adapp.ops.similarity import unit_norm
from tests.tolerance import assert_same
from tests.unit.methods.h2vlr.planted_parts import awake, joint_tokens, semantics, tiny_space

CONFIG = TINY.induction


@pytest.fixture(scope="module")
def space():
    return tiny_space()


def mapper(space):
    return Mapper(space.width, CONFIG.hidden, CONFIG.slots, space.token_width)


def support(space, count=3):
    return global_feature(unit_norm(torch.randn(count, space.width)))


def test_an_untrained_mapper_leaves_the_prompts_as_written(space):
    context = mapper(space)(support(space))
    assert_same(context, torch.ones(SLOTS, space.token_width))
    prompts = prompts_for("bottle")
    static = repository(space, prompts, None, CONFIG)
    changed = repository(space, prompts, context, CONFIG)
    assert float((static.prompts - changed.prompts).abs().max()) < 1e-6
    assert static.normal.shape == (4, len(prompts.normal), space.width)


def test_two_supports_give_two_sets_of_prompts_after_a_step(space):
    trained = awake(mapper(space))
    prompts = prompts_for("bottle")
    one, other = (
        repository(space, prompts, trained(support(space)), CONFIG).prompts for _ in range(2)
    )
    assert float((one - other).abs().max()) > 1e-3


def test_gradients_reach_the_mapper_and_nothing_frozen(space):
    trained = awake(mapper(space))
    found = repository(space, prompts_for("bottle"), trained(support(space)), CONFIG)
    centre_logits(joint_tokens(stages=4, joint=space.width), found).sum().backward()
    assert all(float(p.grad.abs().max()) > 0 for p in trained.parameters())
    frozen = [*space._tower._model.parameters(), *space._bridge.parameters()]
    assert frozen
    assert all(parameter.grad is None for parameter in frozen)


def tokens():
    """Return three prompts of 6, 4 and 8 real positions in a table of 8."""
    mask = torch.arange(8) < torch.tensor([6, 4, 8])[:, None]
    return TextTokens(torch.ones(3, 8, 5), mask)


def test_the_prefix_alone_is_acted_on():
    changed = induced(tokens(), torch.full((2, 5), 3.0), "prefix").embeddings[..., 0]
    assert changed.tolist() == [
        [1, 3, 3, 1, 1, 1, 1, 1],
        [1, 3, 3, 1, 1, 1, 1, 1],
        [1, 3, 3, 1, 1, 1, 1, 1],
    ]


def test_every_word_is_acted_on_with_the_token_of_its_position():
    context = torch.stack([torch.full((5,), 2.0), torch.full((5,), 3.0)])
    changed = induced(tokens(), context, "words").embeddings[..., 0]
    assert changed.tolist() == [
        [1, 2, 3, 2, 3, 1, 1, 1],  # start, four words, end, padding
        [1, 2, 3, 1, 1, 1, 1, 1],
        [1, 2, 3, 2, 3, 2, 3, 1],
    ]


def test_a_prompt_shorter_than_the_prefix_keeps_its_end_token():
    short = TextTokens(torch.ones(1, 4, 5), torch.tensor([[True, True, True, False]]))
    changed = induced(short, torch.full((4, 5), 3.0), "prefix").embeddings[0, :, 0]
    assert changed.tolist() == [1, 3, 1, 1]


def test_text_readings_compare_the_two_centres():
    prompts = semantics(stages=2)
    joint = joint_tokens(stages=2)
    found = centre_logits(joint, prompts)
    by_stage = [
        (tokens @ prompts.abnormal_centre[s] - tokens @ prompts.normal_centre[s]) / 0.07
        for s, tokens in enumerate(joint)
    ]
    assert_same(found, torch.stack(by_stage).mean(dim=0))
    at_centre = prompts.abnormal_centre[:, None, None]
    assert bool((centre_logits(at_centre, prompts) > 0).all())


def test_affinities_are_mean_cosines():
    prompts, joint = semantics(stages=2), joint_tokens(stages=2)
    expected = sum(joint[s] @ prompts.prompts[s].T for s in range(2)) / 2
    assert_same(affinities(joint, prompts), expected)
    assert float(affinities(joint, prompts).abs().max()) <= 1 + 1e-6


def test_only_what_the_support_violates_is_forgiven():
    logits = torch.tensor([[2.0, 2.0, 2.0]])
    matched = torch.tensor([[-5.0, -1.0, 0.5]])
    assert_same(forgiven(logits, matched, 1.0), torch.tensor([[2.0, 2.0, 0.5]]))


def test_the_global_feature_is_the_mean_direction():
    pooled = unit_norm(torch.randn(4, 6))
    assert_same(global_feature(pooled), unit_norm(pooled.mean(dim=0)))


def test_the_temperature_can_be_set_or_is_the_spaces_own(space):
    prompts = prompts_for("bottle")
    assert repository(space, prompts, None, CONFIG).temperature == space.temperature
    warm = replace(CONFIG, temperature=0.5)
    assert repository(space, prompts, None, warm).temperature == 0.5
