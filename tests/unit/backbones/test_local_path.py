"""The V-V path beside DINOv2 and beside CLIP. Source: KAnoCLIP eq. 4-8."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from adapp.backbones import blocks, factory
from adapp.backbones.cache import CachedBackbone
from adapp.core.errors import UsageError
from tests.unit.backbones import toys

TOYS = {"dinov2": (toys.dinov2, toys.toy_dinov2, 112), "clip": (toys.clip, toys.toy_clip, 64)}
both = pytest.mark.parametrize("name", TOYS)


def _pixels(name):
    return toys.pixels(height=TOYS[name][2], width=TOYS[name][2])


def _layers(name, model):
    return model.encoder.layer if name == "dinov2" else model.visual.transformer.resblocks


@both
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("local_from", [1, 2, 3])
def test_the_original_path_is_the_same_bit_for_bit(name, dtype, local_from):
    make = TOYS[name][0]
    plain = make(dtype=dtype).encode_images(_pixels(name))
    dual = make(dtype=dtype, local_from=local_from).encode_images(_pixels(name))
    assert torch.equal(dual.patches, plain.patches)
    assert torch.equal(dual.pooled, plain.pooled)
    assert plain.local is None
    assert dual.local is not None


@both
def test_local_tokens_start_where_they_are_told(name):
    features = TOYS[name][0](local_from=3, stages=(1, 2, 3)).encode_images(_pixels(name))
    assert torch.equal(features.local[:2], features.patches[:2])
    assert not torch.allclose(features.local[2], features.patches[2], atol=1e-2)
    assert torch.allclose(features.local.norm(dim=-1), torch.ones(features.local.shape[:3]))


@both
def test_a_local_token_is_the_sum_of_what_values_say_to_values(name, monkeypatch):
    seen = []

    def watched(block, hidden, local):
        seen.append((block, hidden))
        return blocks.step(block, hidden, local)

    monkeypatch.setattr("adapp.backbones.vit.step", watched)
    features = TOYS[name][0](local_from=2, stages=(3,)).encode_images(_pixels(name))
    expected = seen[1][1][:, 1:].detach()  # a copy of the original path at the first such block
    for block, hidden in seen[1:3]:
        with torch.no_grad():
            expected = expected + _value_attention(block, hidden)
    assert torch.allclose(features.local[0], functional.normalize(expected, dim=-1), atol=1e-5)


def _value_attention(block, hidden):
    """Return the branch in plain sums over heads and tokens, [B, N, D]."""
    values = block.queries_keys_values(block.norm(hidden))[2]
    heads = values.chunk(block.heads, dim=-1)
    scale = heads[0].shape[-1] ** -0.5
    said = [torch.softmax(v @ v.transpose(1, 2) * scale, dim=-1) @ v for v in heads]
    return block.attention_out(torch.cat(said, dim=-1))[:, 1:]


@both
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_end_on_the_local_path_leaves_out_the_last_patches_alone(name, dtype):
    whole = TOYS[name][0](dtype=dtype, local_from=2, stages=(1, 3))
    ended = whole.ending_locally()
    every, fewer = (one.encode_images(_pixels(name)) for one in (whole, ended))
    close = {"atol": 1e-6 if dtype == torch.float32 else 1e-2}
    assert torch.equal(fewer.local, every.local)
    assert torch.equal(fewer.patches[0], every.patches[0])
    assert torch.equal(fewer.patches[1], every.local[1])
    assert torch.allclose(fewer.pooled, every.pooled, **close)
    assert whole.identity in ended.identity
    assert "V-V path alone" in ended.identity


@both
def test_without_a_local_path_none_can_end_on_it(name):
    with pytest.raises(ValueError, match="does not run"):
        TOYS[name][0]().ending_locally()


@both
def test_the_mlp_of_a_block_is_no_part_of_its_local_path(name):
    make, model, _ = TOYS[name]
    changed = model()
    mlp = _layers(name, changed)[2].mlp
    with torch.no_grad():
        for parameter in mlp.parameters():
            parameter.zero_()
    before = make(local_from=1, stages=(2, 3)).encode_images(_pixels(name))
    after = make(changed, local_from=1, stages=(2, 3)).encode_images(_pixels(name))
    assert torch.equal(after.local, before.local)
    assert torch.equal(after.patches[0], before.patches[0])
    assert not torch.allclose(after.patches[1], before.patches[1], atol=1e-2)


@both
def test_values_listen_mostly_to_themselves(name, monkeypatch):
    mass = {"original": [], "local": []}
    attend = blocks.attention

    def watched(queries, keys, values):
        own = queries[:, :, -values.shape[2] + 1 :]  # patches only
        weights = (own @ keys.transpose(-1, -2) * own.shape[-1] ** -0.5).softmax(dim=-1)
        path = "local" if keys is values else "original"
        mass[path].append(float(weights[..., 1:].diagonal(dim1=-2, dim2=-1).mean()))
        return attend(queries, keys, values)

    monkeypatch.setattr(blocks, "attention", watched)
    TOYS[name][0](local_from=1, stages=(3,)).encode_images(_pixels(name))
    assert len(mass["original"]) == len(mass["local"]) == 3
    assert np.mean(mass["local"]) > 5 * np.mean(mass["original"])


@both
def test_reduced_arithmetic_stays_close_on_the_local_path(name):
    make = TOYS[name][0]
    exact = make(local_from=1).encode_images(_pixels(name)).local
    rounded = make(local_from=1, dtype=torch.bfloat16).encode_images(_pixels(name)).local
    assert rounded.dtype == torch.float32
    assert 0 < (exact - rounded).abs().max() < 0.03


@pytest.mark.parametrize("local_from", [0, 5, -1])
def test_a_block_that_does_not_run_is_refused(local_from):
    with pytest.raises(UsageError, match="1 to 4"):
        factory.create("tiny", "kanoclip", local_from=local_from)


def test_an_encoder_says_where_its_local_path_starts():
    assert factory.create("tiny", "kanoclip", local_from=2).local_from == 2
    assert factory.create("tiny", "kanoclip").local_from is None


def test_pictures_in_batches_keep_their_local_tokens():
    backbone = factory.create("tiny", "kanoclip", dtype="float32", local_from=2)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (40, 50, 3), np.uint8) for _ in range(9)]
    features = backbone.encode_rgb(images)
    last = backbone.encode_rgb(images[-1:])
    assert features.local.shape == features.patches.shape == (4, 9, 64, 64)
    assert torch.allclose(features.local[:, -1:], last.local, atol=1e-5)


def test_kept_features_hold_local_tokens_and_never_stand_in_for_others(tmp_path):
    images = [np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)]
    found = {}
    for start in (None, 2, 4):
        fresh = factory.create("tiny", "kanoclip", dtype="float32", local_from=start)
        CachedBackbone(fresh, tmp_path).encode_rgb(images)
        kept = CachedBackbone(fresh, tmp_path)
        assert kept.local_from == start
        found[start] = (kept.encode_rgb(images), fresh.encode_rgb(images))
    assert len(list(tmp_path.iterdir())) == 3
    assert found[None][0].local is None
    for start in (2, 4):
        kept, fresh = found[start]
        assert torch.allclose(kept.local, fresh.local, atol=1e-3)
        assert torch.equal(kept.local[: start - 1], kept.patches[: start - 1])
    assert not torch.allclose(found[2][0].local, found[4][0].local, atol=1e-2)
