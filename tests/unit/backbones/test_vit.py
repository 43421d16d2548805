import threading

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import Dinov2Config, Dinov2Model

from adapp.backbones.batching import BATCH
from adapp.backbones.dinov2_tower import dinov2_backbone
from adapp.backbones.positions import resized_positions
from adapp.backbones.preprocess import to_pixels, whiten
from adapp.backbones.vit import ViTSpec

CPU = torch.device("cpu")


def _model(blocks=4):
    torch.manual_seed(3)
    config = Dinov2Config(
        hidden_size=32,
        num_hidden_layers=blocks,
        num_attention_heads=2,
        image_size=112,
        initializer_range=0.2,
        use_mask_token=False,
    )
    return Dinov2Model(config).eval()


def _backbone(*, stages=(1, 3), size=112, side=None, final_norm=False, dtype=torch.float32):
    spec = ViTSpec("toy", "tiny", stages, size, side or size, final_norm)
    return dinov2_backbone(_model(), spec, device=CPU, dtype=dtype)


def _pixels(batch=2, height=112, width=112):
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1))


def _images(count):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (70 + i, 90, 3), np.uint8) for i in range(count)]


@pytest.fixture(scope="module")
def backbone():
    return _backbone()


def test_features_have_the_promised_shapes_and_unit_norm(backbone):
    features = backbone.encode_images(_pixels())
    assert features.patches.shape == (2, 2, 64, 32)
    assert features.pooled.shape == (2, 32)
    assert features.grid == backbone.grid == (8, 8)
    assert features.patches.dtype == features.pooled.dtype == torch.float32
    assert torch.allclose(features.patches.norm(dim=-1), torch.ones(2, 2, 64), atol=1e-5)
    assert torch.allclose(features.pooled.norm(dim=-1), torch.ones(2), atol=1e-5)


def test_a_backbone_describes_itself(backbone):
    assert (backbone.identity, backbone.preset) == ("toy", "tiny")
    assert (backbone.stages, backbone.width, backbone.patch) == ((1, 3), 32, 14)
    assert (backbone.size, backbone.device, backbone.dtype_name) == (112, CPU, "float32")


@pytest.mark.parametrize("side", [112, 84])
def test_taps_equal_the_hidden_states_of_the_librarys_own_forward(side):
    pixels = _pixels(height=side, width=side)
    with torch.no_grad():
        states = _model()(whiten(pixels), output_hidden_states=True).hidden_states
    features = _backbone(size=side).encode_images(pixels)
    for row, stage in enumerate((1, 3)):
        expected = functional.normalize(states[stage][:, 1:], dim=-1)
        assert torch.allclose(features.patches[row], expected, atol=1e-5)
    assert torch.allclose(features.pooled, functional.normalize(states[3][:, 0], dim=-1), atol=1e-5)


def test_a_normed_tap_equals_the_librarys_last_hidden_state():
    with torch.no_grad():
        expected = _model()(whiten(_pixels())).last_hidden_state
    features = _backbone(stages=(4,), final_norm=True).encode_images(_pixels())
    assert torch.allclose(
        features.patches[0], functional.normalize(expected[:, 1:], dim=-1), atol=1e-5
    )


def test_blocks_after_the_last_tap_do_not_run():
    model = _model()
    model.encoder.layer[3].norm1.register_forward_hook(lambda *_: pytest.fail("block 4 ran"))
    ran = []
    model.encoder.layer[2].norm1.register_forward_hook(lambda *_: ran.append(3))
    spec = ViTSpec("toy", "tiny", (1, 3), 112, 112, final_norm=False)
    dinov2_backbone(model, spec, device=CPU, dtype=torch.float32).encode_images(_pixels())
    assert ran == [3]


def test_a_picture_is_encoded_alike_alone_and_in_a_batch(backbone):
    pixels = _pixels(3)
    together = backbone.encode_images(pixels)
    alone = backbone.encode_images(pixels[1:2])
    assert torch.allclose(together.patches[:, 1], alone.patches[:, 0], atol=1e-5)


def test_a_sheet_that_is_not_square_keeps_rows_and_columns_apart(backbone):
    features = backbone.encode_images(_pixels(height=56, width=112))
    assert features.grid == (4, 8)
    assert features.patches.shape[2] == 32


def test_pictures_are_enlarged_to_the_side_the_preset_asks_for():
    small = _pixels(height=56, width=56)
    large = functional.interpolate(small, (112, 112), mode="bilinear", align_corners=False)
    enlarged = _backbone(size=56, side=112).encode_images(small)
    assert enlarged.grid == (8, 8)
    assert torch.allclose(enlarged.patches, _backbone().encode_images(large).patches, atol=1e-6)


def test_pictures_of_any_size_and_number_go_through_in_batches(backbone):
    images = _images(BATCH + 1)
    features = backbone.encode_rgb(images)
    assert features.patches.shape[1] == BATCH + 1
    last = backbone.encode_images(to_pixels(images[-1:], backbone.size))
    assert torch.allclose(features.patches[:, -1:], last.patches, atol=1e-5)
    assert torch.allclose(features.pooled[-1:], last.pooled, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 112, 112), (1, 1, 112, 112), (1, 3, 100, 112)])
def test_pixels_that_do_not_fit_are_refused(backbone, shape):
    with pytest.raises(ValueError, match=r"pixels must be|multiples of 14"):
        backbone.encode_images(torch.zeros(shape))


def test_no_picture_is_refused(backbone):
    with pytest.raises(ValueError, match="at least one"):
        backbone.encode_rgb([])


def test_nothing_in_the_encoder_can_be_trained():
    model = _model()
    spec = ViTSpec("toy", "tiny", (1, 3), 112, 112, final_norm=False)
    frozen = dinov2_backbone(model, spec, device=CPU, dtype=torch.float32)
    features = frozen.encode_images(_pixels().requires_grad_())
    head = torch.nn.Linear(32, 1)
    head(features.patches).sum().backward()  # fails on inference tensors
    assert head.weight.grad is not None
    assert not features.patches.requires_grad
    assert all(p.grad is None and not p.requires_grad for p in model.parameters())
    assert not any(module.training for module in model.modules())


def test_threads_share_one_encoder(backbone):
    expected = backbone.encode_images(_pixels()).patches
    found = []

    def encode():
        found.append(backbone.encode_images(_pixels()).patches)

    threads = [threading.Thread(target=encode) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(torch.allclose(patches, expected, atol=1e-6) for patches in found)


def test_reduced_arithmetic_is_used_and_stays_close():
    reduced = _backbone(dtype=torch.bfloat16)
    assert reduced.dtype_name == "bfloat16"
    features = reduced.encode_images(_pixels())
    difference = (features.patches - _backbone().encode_images(_pixels()).patches).abs().max()
    assert features.patches.dtype == torch.float32
    assert 0 < difference < 0.02


@pytest.mark.parametrize("grid", [(8, 8), (6, 6), (4, 9), (11, 11)])
def test_positions_are_resampled_as_the_library_does(grid):
    embeddings = _model().embeddings
    tokens = torch.zeros(1, 1 + grid[0] * grid[1], 32)
    expected = embeddings.interpolate_pos_encoding(tokens, grid[0] * 14, grid[1] * 14)
    found = resized_positions(embeddings.position_embeddings, grid, "bicubic")
    assert torch.allclose(found, expected, atol=1e-6)


def test_positions_of_the_checkpoints_own_grid_come_back_untouched():
    table = _model().embeddings.position_embeddings
    assert resized_positions(table, (8, 8), "bicubic") is table


def test_positions_are_resampled_once_per_grid(monkeypatch):
    calls = []

    def counted(table, grid, mode):
        calls.append(grid)
        return resized_positions(table, grid, mode)

    monkeypatch.setattr("adapp.backbones.positions.resized_positions", counted)
    backbone = _backbone()
    for side in (84, 84, 56, 84):
        backbone.encode_images(_pixels(height=side, width=side))
    assert calls == [(6, 6), (4, 4)]
