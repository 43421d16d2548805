import pytest
import torch

from adapp.backbones.base import TextTokens
from adapp.backbones.bridge import Bridge
from adapp.backbones.factory import create, create_joint, create_sentences, new_bridge
from adapp.core.errors import CheckpointMismatch, ModelUnavailable, UsageError

PROMPTS = ["a flawless part", "a damaged part with a hole"]


@pytest.fixture(scope="module")
def bridge():
    made = new_bridge("tiny", seed=3)
    with torch.no_grad():
        made.centre.normal_(generator=torch.Generator().manual_seed(1)).mul_(0.1)
        made.pooled_centre.fill_(0.05)
        made.log_temperature.fill_(-2.0)
    return made.state_dict()


@pytest.fixture(scope="module")
def space(bridge):
    return create_joint("tiny", "kanoclip", bridge=bridge, device="cpu")


def test_the_space_fits_the_image_encoder_of_its_preset(space):
    backbone = create("tiny", "kanoclip", dtype="float32", device="cpu")
    features = backbone.encode_images(torch.rand(2, 3, 112, 112))
    assert space.stage_count == len(backbone.stages)
    found = space.project(features.patches)
    assert found.shape == (4, 2, 64, space.width)
    assert torch.allclose(found.norm(dim=-1), torch.ones(4, 2, 64), atol=1e-5)
    assert space.project_pooled(features.pooled).shape == (2, space.width)


def test_patches_are_centred_by_the_bridge(space, bridge):
    patches = torch.nn.functional.normalize(torch.randn(4, 2, 9, 64), dim=-1)
    centred = patches - bridge["centre"][:, None, None]
    assert torch.allclose(
        space.project(patches), torch.nn.functional.normalize(centred, dim=-1), atol=1e-6
    )


@pytest.mark.parametrize("stages", [None, (1, 3)])
def test_products_are_those_of_the_projected_patches(space, stages):
    count = 4 if stages is None else len(stages)
    patches = torch.nn.functional.normalize(torch.randn(count, 2, 9, 64), dim=-1)
    vectors = torch.randn(count, 5, 64)
    expected = torch.einsum("sbnj,stj->bnt", space.project(patches, stages), vectors)
    before = patches.clone()
    assert torch.allclose(space.products(patches, vectors, stages), expected, atol=1e-5)
    assert torch.equal(patches, before)


def test_prompts_pass_the_tower_and_the_bridge(space, bridge):
    reference = new_bridge("tiny")
    reference.load_state_dict(bridge)
    with torch.no_grad():
        expected = reference(create_sentences("tiny", device="cpu").sentences(PROMPTS))
    found = space.encode_texts(PROMPTS)
    assert torch.allclose(found.stages, expected.stages, atol=1e-6)
    assert torch.allclose(found.pooled, expected.pooled, atol=1e-6)
    assert not found.stages.requires_grad


def test_both_ways_to_encode_agree(space):
    assert torch.allclose(
        space.encode(space.tokenize(PROMPTS)).stages, space.encode_texts(PROMPTS).stages, atol=1e-5
    )


def test_gradients_reach_words_only(space):
    tokens = space.tokenize(PROMPTS)
    embeddings = tokens.embeddings.clone().requires_grad_()
    features = space.encode(TextTokens(embeddings, tokens.mask))
    (features.stages[..., 0].sum() + features.pooled[:, 0].sum()).backward()
    assert torch.equal(embeddings.grad.abs().sum(dim=-1) > 0, tokens.mask)
    assert not any(parameter.requires_grad for parameter in space._bridge.parameters())


def test_identity_and_temperature_are_the_bridges(space, bridge):
    other = create_joint("tiny", "kanoclip", bridge=new_bridge("tiny").state_dict(), device="cpu")
    assert space.identity != other.identity
    assert space.temperature == pytest.approx(float(bridge["log_temperature"].exp()))
    assert other.temperature == pytest.approx(0.07)


def test_the_given_tensors_are_not_changed(bridge):
    before = {name: tensor.clone() for name, tensor in bridge.items()}
    create_joint("tiny", "kanoclip", bridge=bridge, device="cpu").encode_texts(PROMPTS)
    assert all(torch.equal(bridge[name], tensor) for name, tensor in before.items())


def test_a_bridge_of_other_encoders_is_refused():
    other = Bridge(4, 384, 384).state_dict()
    with pytest.raises(CheckpointMismatch, match=r"\(4, 384, 384\).*not \(4, 64, 32\)"):
        create_joint("tiny", "kanoclip", bridge=other)


@pytest.mark.parametrize("preset", ["tiny", "embedded"])
def test_a_missing_bridge_is_told(preset):
    with pytest.raises(ModelUnavailable, match="trained bridge"):
        create_joint(preset, "kanoclip", bridge=None)


@pytest.mark.parametrize("make", [create_sentences, new_bridge])
def test_the_paper_preset_has_no_bridge(make):
    with pytest.raises(UsageError, match="use one of embedded, tiny"):
        make("paper")


@pytest.mark.parametrize(("preset", "method"), [("Tiny", "h2vlr"), ("tiny", "winclip")])
def test_an_unknown_name_is_refused(preset, method, bridge):
    with pytest.raises(UsageError, match="use one of"):
        create_joint(preset, method, bridge=bridge)
