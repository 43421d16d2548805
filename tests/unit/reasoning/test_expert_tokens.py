import numpy as np
import pytest
import torch

from adapp.core.errors import CheckpointMismatch, UsageError
from adapp.reasoning.config import LocalConfig
from adapp.reasoning.expert_tokens import TOKENS, create, resized, weighted_means
from adapp.reasoning.map_encoder import MapEncoder, load_map_encoder, save_map_encoder
from adapp.reasoning.overlay import crop, overlay, overlay_parts
from adapp.reasoning.prompt import ExpertSlot, Picture, Text
from tests.unit.reasoning.cases import anomaly_map, query, request

WIDTHS = (8, 8, 8, 8, 8)


def grid_tokens(rows, columns, width=5):
    return torch.randn(rows * columns, width, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("side", [1, 2, 3])
def test_field_means_match_a_plain_loop(side):
    rows, columns = 6, 12
    tokens, weights = grid_tokens(rows, columns), torch.rand(rows, columns) + 0.1
    means = weighted_means(tokens, weights, side)
    assert means.shape == (side * side, 5)
    cells = tokens.reshape(rows, columns, 5)
    for row in range(side):
        for column in range(side):
            part = (
                slice(row * rows // side, (row + 1) * rows // side),
                slice(column * columns // side, (column + 1) * columns // side),
            )
            weight = weights[part][..., None]
            expected = (cells[part] * weight).sum((0, 1)) / weight.sum()
            torch.testing.assert_close(means[row * side + column], expected, rtol=1e-4, atol=1e-4)


def test_a_single_hot_cell_decides_its_fields():
    tokens, weights = grid_tokens(6, 6), torch.zeros(6, 6)
    weights[1, 4] = 1.0
    means = weighted_means(tokens, weights, 3)
    torch.testing.assert_close(means[2], tokens[1 * 6 + 4], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(
        weighted_means(tokens, weights, 1)[0], tokens[10], rtol=1e-3, atol=1e-3
    )


def test_a_map_of_zeros_gives_plain_means():
    tokens = grid_tokens(4, 4)
    mean = weighted_means(tokens, torch.zeros(4, 4), 1)[0]
    torch.testing.assert_close(mean, tokens.mean(0))


@pytest.mark.parametrize("grid", [(1, 1), (2, 1), (1, 7), (2, 2)])
def test_grids_smaller_than_the_fields_leave_none_empty(grid):
    tokens = create("significance", 5).tokens(grid_tokens(*grid), grid, torch.rand(30, 40))
    assert tokens.shape == (TOKENS, 5)
    assert torch.isfinite(tokens).all()


def test_map_is_averaged_onto_the_token_grid():
    values = torch.zeros(8, 8)
    values[:4, 4:] = 1.0
    torch.testing.assert_close(resized(values, (2, 2)), torch.tensor([[0.0, 1.0], [0.0, 0.0]]))


def test_token_modes_reserve_a_slot_only_where_there_is_a_map():
    expert = create("significance", 8)
    slots = [part for part in expert.parts(request()) if isinstance(part, ExpertSlot)]
    assert [slot.count for slot in slots] == [TOKENS] == [14]
    assert expert.parts(request(anomaly_map=None)) == ()
    assert create("none", 8).parts(request()) == ()
    assert create("none", 8).count == create("overlay", 8).count == 0


def test_learned_tokens_need_a_trained_file():
    with pytest.raises(UsageError, match="map encoder"):
        create("learned", 8)
    with pytest.raises(UsageError, match="map encoder"):
        LocalConfig(expert="learned")


def test_map_encoder_round_trip_and_misfit(tmp_path):
    encoder = MapEncoder(8, WIDTHS)
    save_map_encoder(encoder, tmp_path / "encoder.safetensors")
    maps = torch.rand(2, 1, 90, 120)
    again = load_map_encoder(tmp_path / "encoder.safetensors", 8)
    torch.testing.assert_close(again(maps), encoder(maps))
    assert encoder(maps).shape == (2, TOKENS, 8)
    with pytest.raises(CheckpointMismatch, match="16 channels"):
        load_map_encoder(tmp_path / "encoder.safetensors", 16)
    (tmp_path / "other.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointMismatch, match="other"):
        load_map_encoder(tmp_path / "other.safetensors", 8)


def test_learned_tokens_read_the_map_alone(tmp_path):
    save_map_encoder(MapEncoder(8, WIDTHS), tmp_path / "encoder.safetensors")
    expert = create("learned", 8, str(tmp_path / "encoder.safetensors"))
    hot = torch.from_numpy(anomaly_map())
    first = expert.tokens(grid_tokens(4, 4, 8), (4, 4), hot)
    assert first.shape == (TOKENS, 8)
    torch.testing.assert_close(first, expert.tokens(grid_tokens(2, 2, 8) + 9, (2, 2), hot))
    cold = expert.tokens(grid_tokens(4, 4, 8), (4, 4), hot.flip(1))
    assert not torch.equal(first[:9], cold[:9])
    assert torch.equal(first[9:], cold[9:])


def test_overlay_tints_by_the_map_and_leaves_zeros_alone():
    picture = np.full((2, 3, 3), 100, dtype=np.uint8)
    values = np.array([[0, 0.5, 1], [0, 0, 2]], dtype=np.float32)
    drawn = overlay(picture, values)
    assert drawn[0, 0].tolist() == [100, 100, 100]
    assert drawn[0, 2].tolist() == [178, 58, 52]
    assert drawn[1, 2].tolist() == drawn[0, 2].tolist()
    assert drawn.dtype == np.uint8


def test_overlay_parts_are_picture_crop_and_sentence():
    parts = overlay_parts(request())
    roles = [part.role for part in parts if isinstance(part, Picture)]
    text = "".join(part.text for part in parts if isinstance(part, Text))
    assert roles == ["overlay", "crop"]
    assert "Score 0.823. Region 1 spans rows 5 to 24 and columns 80 to 114 of 90 x 120." in text
    assert overlay_parts(request(anomaly_map=None)) == ()


def test_overlay_of_a_part_without_region_says_so():
    parts = overlay_parts(request(label="normal"))
    assert [part.role for part in parts if isinstance(part, Picture)] == ["overlay"]
    assert "No region exceeds" in parts[-1].text


def test_crop_keeps_inside_and_enlarges_small_regions():
    assert crop(query(), (0, 0, 90, 120)).shape == (90, 120, 3)
    small = crop(query(), (80, 110, 88, 118))
    assert min(small.shape[:2]) >= 56
