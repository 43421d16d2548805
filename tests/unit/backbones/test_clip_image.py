import pytest
import torch
from torch.nn import functional

from adapp.backbones.clip_image import CLIP_MEAN, CLIP_STD
from adapp.backbones.clip_model import architecture, random_clip
from adapp.backbones.factory import create_random
from adapp.backbones.positions import resized_positions
from adapp.backbones.preprocess import whiten
from adapp.core.errors import UsageError
from tests.unit.backbones import toys


@pytest.fixture(scope="module")
def backbone():
    return toys.clip()


def _reference(model, pixels, stages):
    """Return stages and picture vector as the library's own forward gives them."""
    with torch.no_grad():
        return model.visual.forward_intermediates(
            whiten(pixels, CLIP_MEAN, CLIP_STD),
            indices=[stage - 1 for stage in stages],
            output_fmt="NLC",
        )


@pytest.mark.parametrize("shape", [toys.TOY_CLIP, toys.TOY_QUICK_CLIP], ids=lambda s: s.name)
def test_stages_and_picture_vector_are_the_librarys_own(shape):
    model = random_clip(shape, seed=0)
    expected = _reference(model, toys.pixels(height=64, width=64), (1, 3, 4))
    features = toys.clip(model, stages=(1, 3, 4)).encode_images(toys.pixels(height=64, width=64))
    assert features.patches.shape == (3, 2, 16, 32)
    assert features.pooled.shape == (2, 24)
    for row, stage in enumerate(expected["image_intermediates"]):
        assert torch.allclose(features.patches[row], functional.normalize(stage, dim=-1), atol=1e-5)
    pooled = functional.normalize(expected["image_features"], dim=-1)
    assert torch.allclose(features.pooled, pooled, atol=1e-5)


def test_a_larger_picture_has_positions_resampled_once_and_none_changed(monkeypatch):
    calls = []

    def counted(table, grid, mode):
        calls.append((grid, mode))
        return resized_positions(table, grid, mode)

    monkeypatch.setattr("adapp.backbones.positions.resized_positions", counted)
    model = toys.toy_clip()
    before = model.visual.positional_embedding.clone()
    backbone = toys.clip(model)
    first = backbone.encode_images(toys.pixels(height=80, width=96))
    again = backbone.encode_images(toys.pixels(height=80, width=96))
    assert (first.grid, calls) == ((5, 6), [((5, 6), "bilinear")])
    assert torch.equal(first.patches, again.patches)
    assert torch.equal(model.visual.positional_embedding, before)


def test_resampled_positions_keep_the_class_position_apart():
    table = torch.cat(
        [torch.full((1, 1, 3), 9.0), torch.arange(4.0).view(1, 4, 1).expand(1, 4, 3)], 1
    )
    found = resized_positions(table, (4, 4), "bilinear")
    assert torch.equal(found[:, :1], table[:, :1])
    assert found[:, 1:].max() <= 3
    assert torch.allclose(found[0, 1:, 0].view(4, 4)[0], torch.tensor([0.0, 0.25, 0.75, 1.0]))


def test_reduced_arithmetic_is_used_and_stays_close(backbone):
    small = toys.pixels(height=64, width=64)
    reduced = toys.clip(dtype=torch.bfloat16)
    difference = (
        reduced.encode_images(small).patches - backbone.encode_images(small).patches
    ).abs()
    assert reduced.dtype_name == "bfloat16"
    assert 0 < difference.max() < 0.03


def test_nothing_in_the_encoder_can_be_trained():
    model = toys.toy_clip()
    features = toys.clip(model, local_from=1).encode_images(
        toys.pixels(height=64, width=64).requires_grad_()
    )
    head = torch.nn.Linear(32, 1)
    head(features.local).sum().backward()
    assert head.weight.grad is not None
    assert not features.patches.requires_grad
    assert all(p.grad is None and not p.requires_grad for p in model.parameters())
    assert not any(module.training for module in model.modules())


def test_random_weights_are_the_same_whatever_the_global_seed():
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    again = random_clip(toys.TOY_CLIP, seed=0)
    other = random_clip(toys.TOY_CLIP, seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    first = toys.toy_clip().state_dict()
    assert all(torch.equal(first[name], tensor) for name, tensor in again.state_dict().items())
    assert not torch.equal(first["visual.proj"], other.state_dict()["visual.proj"])


@pytest.mark.slow
def test_the_architecture_of_h2vlr_runs_with_random_weights():
    backbone = create_random("h2vlr", device="cpu", dtype="float32", local_from=1)
    assert (backbone.stages, backbone.width, backbone.size) == ((3, 8, 12), 896, 240)
    assert "not run with the published weights" in backbone.identity
    features = backbone.encode_images(toys.pixels(1, height=240, width=240))
    assert features.patches.shape == features.local.shape == (3, 1, 225, 896)
    assert (features.pooled.shape, features.grid) == ((1, 640), (15, 15))
    assert torch.allclose(features.local.norm(dim=-1), torch.ones(3, 1, 225), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "millions"), [("ViT-B-16-plus-240", 208.4), ("ViT-L-14-336-quickgelu", 427.9)]
)
def test_the_published_networks_have_their_published_size(name, millions):
    from adapp.backbones.clip_model import _meta

    parameters = sum(p.numel() for p in _meta(architecture(name)).parameters())
    assert parameters / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize(
    ("method", "size", "hint"), [("h2vlr", 250, "240 or 256"), ("kanoclip", 520, "518 or 532")]
)
def test_a_size_that_cuts_patches_is_refused_with_its_neighbours(method, size, hint):
    with pytest.raises(UsageError, match=hint):
        create_random(method, size=size)


def test_a_method_without_a_clip_is_refused():
    with pytest.raises(UsageError, match="h2vlr, kanoclip, adseeker"):
        create_random("raid")
