import pytest
import torch
from open_clip.tokenizer import SimpleTokenizer
from torch.nn import functional

from adapp.backbones.base import TextTokens
from adapp.backbones.clip_image import CLIP_MEAN, CLIP_STD
from adapp.backbones.clip_space import ClipSpace
from adapp.backbones.preprocess import whiten
from tests.unit.backbones import toys

PROMPTS = ["a photo of a damaged bottle.", "flawless", "x x x x normal metal plate"]


@pytest.fixture(scope="module")
def model():
    return toys.toy_clip()


@pytest.fixture(scope="module")
def space(model):
    return ClipSpace(model, identity="toy", stage_count=3, device=toys.CPU)


def test_the_space_describes_itself(space):
    assert (space.identity, space.stage_count, space.width) == ("toy", 3, 24)
    assert (space.token_width, space.max_tokens, space.temperature) == (40, 16, 0.07)


def test_prompts_are_encoded_as_the_library_does(space, model):
    with torch.no_grad():
        ids = SimpleTokenizer(context_length=16)(PROMPTS)
        expected = model.encode_text(ids, normalize=True)
    features = space.encode_texts(PROMPTS)
    assert torch.allclose(features.pooled, expected, atol=1e-5)
    assert features.stages.shape == (3, 3, 24)
    assert all(torch.equal(stage, features.pooled) for stage in features.stages)


def test_a_list_of_prompts_is_encoded_once(model, monkeypatch):
    space = ClipSpace(model, identity="toy", stage_count=3, device=toys.CPU)
    first = space.encode_texts(PROMPTS)
    monkeypatch.setattr(space, "encode", lambda _: pytest.fail("encoded again"))
    assert space.encode_texts(list(PROMPTS)) is first


def test_padding_and_company_change_nothing(space):
    together = space.encode_texts(PROMPTS).pooled[1]
    assert torch.allclose(space.encode_texts(PROMPTS[1:2]).pooled[0], together, atol=1e-5)


def test_words_start_at_one_and_the_end_token_is_the_last_real_one(space, model):
    tokens = space.tokenize(["x x x x normal bottle", "a"])
    assert tokens.mask.sum(dim=1).tolist() == [8, 3]
    words = model.token_embedding.weight
    x, start, end = SimpleTokenizer().encode("x")[0], 49406, 49407
    assert torch.equal(tokens.embeddings[0, 1:5], words[[x] * 4])
    assert torch.equal(tokens.embeddings[:, 0], words[[start, start]])
    assert torch.equal(tokens.embeddings[[0, 1], [7, 2]], words[[end, end]])


def test_a_long_prompt_loses_whole_words_at_its_end(space):
    long = "flaw " * 13 + "electroluminescence picture"
    tokens = space.tokenize([long])
    assert tokens.mask.shape == (1, 15)  # 13 words between start and end; the next has five pieces
    assert torch.equal(tokens.embeddings, space.tokenize(["flaw " * 13]).embeddings)


def test_more_positions_than_fit_are_refused(space):
    with pytest.raises(ValueError, match="at most 16"):
        space.encode(TextTokens(torch.zeros(1, 17, 40), torch.ones(1, 17, dtype=torch.bool)))


def test_no_prompt_is_refused(space):
    with pytest.raises(ValueError, match="at least one"):
        space.encode_texts([])


def test_gradients_reach_words_and_no_frozen_weight(space, model):
    tokens = space.tokenize(PROMPTS)
    embeddings = tokens.embeddings.clone().requires_grad_()
    space.encode(TextTokens(embeddings, tokens.mask)).pooled[:, 0].sum().backward()
    reached = embeddings.grad.abs().sum(dim=-1) > 0
    assert torch.equal(reached, tokens.mask)  # nothing behind the end token matters
    assert all(parameter.grad is None for parameter in model.parameters())


def test_patches_of_any_stage_pass_the_last_norm_and_the_projection(space, model):
    pixels = toys.pixels(height=64, width=64)
    with torch.no_grad():
        raw = model.visual.forward_intermediates(
            whiten(pixels, CLIP_MEAN, CLIP_STD), indices=[0, 2, 3], output_fmt="NLC"
        )["image_intermediates"]
        expected = [
            functional.normalize(model.visual.ln_post(x) @ model.visual.proj, dim=-1) for x in raw
        ]
    features = toys.clip(model, stages=(1, 3, 4)).encode_images(pixels)
    found = space.project(features.patches)
    assert torch.allclose(found, torch.stack(expected), atol=1e-4)
    assert torch.allclose(found.norm(dim=-1), torch.ones(3, 2, 16), atol=1e-5)


def test_products_are_those_of_the_projected_patches(space, model):
    patches = functional.normalize(torch.randn(3, 2, 9, model.visual.conv1.out_channels), dim=-1)
    vectors = torch.randn(3, 5, space.width)
    expected = torch.einsum("sbnj,stj->bnt", space.project(patches), vectors)
    assert torch.allclose(space.products(patches, vectors), expected, atol=1e-5)


def test_a_picture_vector_is_projected_already(space, model):
    pooled = toys.clip(model, stages=(4,)).encode_images(toys.pixels(height=64, width=64)).pooled
    assert torch.allclose(space.project_pooled(pooled), pooled, atol=1e-6)
    assert pooled.shape[1] == space.width
