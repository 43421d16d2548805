"""Prompts: slots learned, words kept, adjectives averaged, names with a fallback."""

import pytest
import torch
from torch.nn import functional

from adapp.methods.kanoclip.config import PromptConfig
from adapp.methods.kanoclip.prompts import LearnablePrompts, class_name, fixed_features

CONFIG = PromptConfig(prefix=4)


@pytest.fixture
def prompts(joint):
    torch.manual_seed(0)
    return LearnablePrompts(joint.token_width, CONFIG)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("metal plate", "metal plate"),
        ("metal_plate", "metal plate"),
        ("", "object"),
        ("  ", "object"),
    ],
)
def test_a_part_without_a_name_is_an_object(given, said):
    assert class_name(given, CONFIG) == said


def test_twelve_slots_by_default():
    assert PromptConfig().prefix == 12
    assert PromptConfig().normal == ("normal", "perfect")
    assert PromptConfig().abnormal == ("abnormal", "defective")


def test_slots_are_learned_and_words_stay(prompts, joint):
    tokens = prompts.tokens(joint, ["plate"])
    spelled = joint.tokenize(
        [f"x x x x {state} plate" for state in ("normal", "perfect", "abnormal", "defective")]
    )
    assert torch.equal(tokens.mask, spelled.mask)
    for row in range(4):
        prefix = prompts.normal if row < 2 else prompts.abnormal
        torch.testing.assert_close(tokens.embeddings[row, 1:5], prefix)
    assert torch.equal(tokens.embeddings[:, :1], spelled.embeddings[:, :1])
    assert torch.equal(tokens.embeddings[:, 5:], spelled.embeddings[:, 5:])


def test_features_are_normalised_means_over_the_adjectives(prompts, joint):
    features = prompts(joint, ["plate", "hole"])
    assert features.stages.shape == (joint.stage_count, 2, 2, joint.width)
    assert features.pooled.shape == (2, 2, joint.width)
    raw = joint.encode(prompts.tokens(joint, ["plate", "hole"])).stages  # [S, 2 * 4, J]
    expected = functional.normalize(raw[:, 6:8].mean(dim=1), dim=-1)  # hole, abnormal
    torch.testing.assert_close(features.stages[:, 1, 1], expected)
    torch.testing.assert_close(features.pooled.norm(dim=-1), torch.ones(2, 2))


def test_names_do_not_disturb_each_other(prompts, joint):
    together = prompts(joint, ["hole", "a metal plate with a long name"])
    alone = prompts(joint, ["hole"])
    torch.testing.assert_close(together.stages[:, :1], alone.stages, atol=1e-5, rtol=1e-4)


def test_gradient_reaches_both_prefixes_and_nothing_in_the_tower(prompts, joint):
    features = prompts(joint, ["plate"])
    (features.stages[:, :, 0].sum() + 2 * features.pooled[:, 1].sum()).backward()
    assert prompts.normal.grad.abs().sum() > 0
    assert prompts.abnormal.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in joint._bridge.parameters())
    assert not any(p.requires_grad for p in joint._tower._model.parameters())


def test_fixed_prompts_say_a_photo_of(joint):
    found = fixed_features(joint, ["plate"], CONFIG)
    said = joint.encode_texts(
        [f"a photo of a {state} plate" for state in ("normal", "perfect", "abnormal", "defective")]
    )
    expected = functional.normalize(said.stages[:, :2].mean(dim=1), dim=-1)
    torch.testing.assert_close(found.stages[:, 0, 0], expected)
    assert not found.stages.requires_grad


def test_pictures_take_the_prompts_of_their_part(joint):
    found = fixed_features(joint, ["plate", "hole"], CONFIG)
    drawn = found.of(torch.tensor([1, 0, 1]))
    assert torch.equal(drawn.stages[:, 0], found.stages[:, 1])
    assert torch.equal(drawn.pooled[1], found.pooled[0])
    alone = fixed_features(joint, ["plate"], CONFIG).repeated(3)
    assert alone.stages.shape[1] == alone.pooled.shape[0] == 3


def test_uneven_adjectives_are_refused():
    with pytest.raises(ValueError, match="as many normal as abnormal"):
        LearnablePrompts(8, PromptConfig(normal=("normal",)))
