"""Prompts: parts and types are named as the step says, untrained ones are the static ones."""

from dataclasses import replace

import pytest
import torch

from adapp.auxiliary.prompts import static_prompts
from adapp.methods.adseeker.config import VARIANTS, PromptConfig
from adapp.methods.adseeker.presets import PAPER, TINY
from adapp.methods.adseeker.prompts import (
    TypePrompts,
    fixed_text,
    part_name,
    static_text,
    type_sentences,
    unlearned,
)
from adapp.methods.adseeker.vocabulary import TYPES
from tests.unit.methods.adseeker.planted import awake

KINDS = len(TYPES) + 1


def made(joint, variant, names=("plate",), config=TINY.prompts, *, shaken=False):
    torch.manual_seed(0)
    prompts = TypePrompts(joint.token_width, variant, config)
    if shaken:
        awake(prompts)
        if prompts.share_raw is not None:
            torch.nn.init.constant_(prompts.share_raw, 0.5)
    return prompts, prompts(joint, names, [fixed_text(joint, name, config) for name in names])


def certain(kind, batch=1):
    probabilities = torch.zeros(batch, KINDS)
    probabilities[:, kind] = 1.0
    return probabilities


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_untrained_prompts_are_the_static_ones_whatever_the_type(joint, variant):
    _, text = made(joint, variant)
    for kind in (0, KINDS - 1):
        pair = text.typed(certain(kind))
        torch.testing.assert_close(pair.stages, text.base.stages, rtol=0, atol=1e-5)
        torch.testing.assert_close(pair.pooled, text.base.pooled, rtol=0, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_trained_prompts_differ_by_type_where_the_step_names_types(joint, variant):
    _, text = made(joint, variant, shaken=True)
    one, other = text.typed(certain(0)).stages, text.typed(certain(4)).stages
    assert torch.allclose(one, other, atol=1e-6) is (variant == "obj")
    assert not torch.allclose(one, text.base.stages, atol=1e-3)


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_parts_are_called_by_name_where_the_step_names_them(joint, variant):
    prompts, _ = made(joint, variant)
    named = variant in {"obj", "obj_cls", "full"}
    assert prompts.called("metal_plate") == ("metal plate" if named else "object")
    assert prompts.called("") == "object"


def test_the_share_of_the_type_stays_between_0_and_1_and_keeps_its_gradient(joint):
    prompts, _ = made(joint, "cls")
    for raw in (-0.5, 0.5, 1.5):
        prompts.share_raw.grad = None
        with torch.no_grad():
            prompts.share_raw.fill_(raw)
        share = prompts.share
        assert share.item() == pytest.approx(min(max(raw, 0.0), 1.0))
        share.backward()
        assert prompts.share_raw.grad == 1


def test_a_mixture_lies_between_its_types(joint):
    _, text = made(joint, "cls", shaken=True)
    mixed = text.typed(0.5 * certain(0) + 0.5 * certain(4)).stages[:, :, 1]
    for kind in (0, 4):
        alone = text.typed(certain(kind)).stages[:, :, 1]
        opposite = text.typed(certain(4 - kind)).stages[:, :, 1]
        assert ((mixed * alone).sum(-1) >= (alone * opposite).sum(-1) - 1e-6).all()


def test_static_prompts_of_a_bridge_are_the_mean_of_its_states(joint):
    text = static_text(joint, "plate", replace(TINY.prompts, neutral=0.0))
    normal, _ = static_prompts("plate")
    expected = joint.encode_texts(normal).stages.mean(dim=1)
    expected = expected / expected.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(text.stages[:, 0], expected, rtol=0, atol=1e-5)


def test_a_name_counts_half_and_no_name_entirely(joint):
    named, neutral = (
        static_text(joint, name, replace(TINY.prompts, neutral=0.0)).stages
        for name in ("plate", "object")
    )
    half = static_text(joint, "plate", TINY.prompts).stages
    torch.testing.assert_close(
        half, torch.nn.functional.normalize(named + neutral, dim=-1), rtol=0, atol=1e-5
    )
    torch.testing.assert_close(static_text(joint, "object", TINY.prompts).stages, neutral)


def test_the_papers_words():
    told = type_sentences("plate")
    assert len(told) == KINDS
    assert told[0] == "a image of a broken plate, with scratch defect type"
    assert told[-1] == "a image of a broken plate"


def test_the_papers_prompts_are_learned_throughout(joint):
    config = replace(PAPER.prompts, prefix=3)
    prompts, text = made(joint, "obj_cls", ("plate", "ring"), config)
    assert text.abnormal.shape == (joint.stage_count, 2, KINDS, joint.width)
    pair = text.typed(certain(2, batch=2))
    assert not torch.allclose(pair.stages, text.base.stages, atol=1e-3)
    (pair.stages.sum() + pair.pooled.sum()).backward()
    assert prompts.normal.grad.abs().sum() > 0
    assert prompts.abnormal.grad.abs().sum() > 0


def test_static_prompts_alone_have_no_types(joint):
    text = unlearned([fixed_text(joint, "plate", TINY.prompts)])
    torch.testing.assert_close(text.typed(certain(3)).stages, text.base.stages)
    assert text.of(torch.tensor([0, 0])).abnormal.shape[1] == 2


@pytest.mark.parametrize(
    ("told", "expected"), [("metal_nut", "metal nut"), ("  ", "object"), ("a/b", "a b")]
)
def test_part_names_are_words(told, expected):
    assert part_name(told, PromptConfig()) == expected
