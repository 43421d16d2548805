"""HSP over tapped tokens and inside the blocks: no code, no change; masked tokens are not heard."""

import pytest
import torch

from adapp.backbones.clip_space import ClipSpace
from adapp.backbones.inserted import InsertableBackbone, InsertableSpace, Insertion
from adapp.methods.adseeker.sparse_prompts import SparseStage, TapReader, pooled_tokens
from tests.unit.backbones import toys
from tests.unit.methods.adseeker.planted import (
    CONFIG,
    TEMPERATURE,
    WIDTH,
    awake,
    network,
    pictures,
    text_of,
    units,
    with_sparse,
)

SPARSE = CONFIG.sparse


def coded(sparsity=0.02, batch=3):
    torch.manual_seed(2)
    stage = SparseStage(WIDTH, with_sparse(sparsity=sparsity).sparse)
    return stage(units(batch, WIDTH, seed=4))


def test_a_dictionary_starts_as_pictures_and_so_its_codes_are_alive():
    torch.manual_seed(0)
    stage = SparseStage(64, with_sparse(sparsity=0.4).sparse)
    drawn = units(9, 64, seed=1)
    before = stage(drawn).active.sum()
    stage.start_from(drawn)
    assert stage(drawn).active.sum() > before


def test_eq_9_teaches_linear_layer_and_dictionary():
    torch.manual_seed(0)
    stage = SparseStage(WIDTH, SPARSE)
    drawn = units(12, WIDTH, seed=1)
    optimizer = torch.optim.AdamW(stage.parameters(), lr=1e-2)
    values = []
    for _ in range(30):
        loss = stage(drawn).objective(SPARSE.sparsity)
        optimizer.zero_grad()
        loss.backward()
        assert stage.atoms.grad.abs().sum() > 0
        assert stage.linear.weight.grad.abs().sum() > 0
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < 0.8 * values[0]


def test_a_high_price_makes_hsp_the_identity():
    config = with_sparse(sparsity=1e3)
    silent, without = awake(network("full", config)), awake(network("full", config))
    shown, text = pictures(), text_of()
    output = silent(shown, text, TEMPERATURE)
    assert all(not one.active.any() for one in output.coded)
    assert output.attention.max() == 0
    for stage in without.taps.readers:
        torch.nn.init.zeros_(stage.gate)
        torch.nn.init.zeros_(stage.text)
    plain = without(shown, text, TEMPERATURE)
    torch.testing.assert_close(output.stages, plain.stages, rtol=0, atol=1e-5)
    torch.testing.assert_close(output.odds, plain.odds, rtol=0, atol=1e-5)


def test_an_atom_without_code_changes_nothing():
    reader = awake(TapReader(0.1))
    visual, found = units(3, 10, WIDTH, seed=5), coded(sparsity=0.15)
    assert 0 < found.active.sum() < found.active.numel()
    read, attention = reader(visual, found)
    atoms = torch.where(found.active.any(dim=0)[:, None], found.atoms, units(5, WIDTH, seed=8))
    changed = type(found)(found.queries, found.code, atoms)
    again, other = reader(visual, changed)
    torch.testing.assert_close(read, again, rtol=0, atol=1e-6)
    torch.testing.assert_close(attention, other, rtol=0, atol=1e-6)
    assert attention[(~found.active)[:, None].expand_as(attention)].max() == 0


def test_pictures_without_code_pass_through():
    reader = awake(TapReader(0.1))
    visual, found = units(3, 10, WIDTH, seed=5), coded()
    dropped = torch.tensor([False, True, False])
    read, _ = reader(visual, found.without(dropped))
    torch.testing.assert_close(read[1], visual[1], rtol=0, atol=1e-6)
    assert not torch.allclose(read[0], visual[0], atol=1e-4)


def test_what_stands_out_is_the_defect_and_not_the_part():
    visual = units(2, 1, 9, WIDTH).repeat(1, 2, 1, 1)
    weights = torch.zeros(2, 9)
    weights[0, 4], weights[1] = 1.0, 1 / 9
    pooled = pooled_tokens(visual, weights)
    torch.testing.assert_close(pooled[:, 0], visual[:, 0, 4] - visual[:, 0].mean(dim=1))
    assert pooled[:, 1].abs().max() < 1e-6


@pytest.fixture(scope="module")
def encoder():
    return toys.clip(stages=(1, 3, 4))


def inserting(tokens, kept):
    return lambda _, hidden: Insertion(hidden, tokens.expand(len(hidden), -1, -1), kept)


def test_masked_tokens_inside_the_blocks_change_nothing(encoder):
    assert isinstance(encoder, InsertableBackbone)
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    tokens = 3 * torch.randn(1, 4, encoder.width, generator=torch.Generator().manual_seed(1))
    plain = encoder.encode_images(pixels)
    with torch.no_grad():
        none = encoder.encode_inserted(pixels, inserting(tokens, torch.zeros(1, 4).bool()))
        some = torch.tensor([[True, False, True, False]])
        half = encoder.encode_inserted(pixels, inserting(tokens, some))
        fewer = encoder.encode_inserted(
            pixels, inserting(tokens[:, ::2], torch.ones(1, 2, dtype=torch.bool))
        )
    torch.testing.assert_close(none.patches, plain.patches, rtol=0, atol=1e-5)
    torch.testing.assert_close(none.pooled, plain.pooled, rtol=0, atol=1e-5)
    torch.testing.assert_close(half.patches, fewer.patches, rtol=0, atol=1e-5)
    assert not torch.allclose(half.patches, plain.patches, atol=1e-3)


def test_tokens_leave_at_the_end_of_their_stage(encoder):
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    lengths = []

    def insert(stage, hidden):
        lengths.append((stage, hidden.shape[1]))
        tokens = torch.zeros(1, 3, encoder.width)
        return Insertion(hidden, tokens, torch.ones(1, 3, dtype=torch.bool))

    with torch.no_grad():
        found = encoder.encode_inserted(pixels, insert)
    assert lengths == [(0, 17), (1, 17), (2, 17)]
    assert found.patches.shape == (3, 1, 16, encoder.width)


def test_gradients_pass_the_frozen_blocks_to_the_tokens(encoder):
    pixels = torch.rand(1, 3, 64, 64)
    tokens = torch.randn(1, 2, encoder.width, requires_grad=True)
    found = encoder.encode_inserted(pixels, inserting(tokens, torch.ones(1, 2, dtype=torch.bool)))
    found.patches[..., :9].sum().backward()
    assert tokens.grad.abs().sum() > 0


def test_text_layers_take_states_and_leave_the_rest_as_it_is():
    joint = ClipSpace(toys.toy_clip(), identity="toy", stage_count=3, device=toys.CPU)
    assert isinstance(joint, InsertableSpace)
    tokens = joint.tokenize(["x x x a broken plate"])
    with torch.no_grad():
        plain = joint.encode(tokens)
        same = joint.encode_inserted(tokens, lambda _, states: states)
        seen = []

        def insert(layer, states):
            seen.append(layer)
            return states if layer else torch.cat([states[:, :1], 2 * states[:, 1:]], dim=1)

        other = joint.encode_inserted(tokens, insert)
    torch.testing.assert_close(plain.pooled, same.pooled, rtol=0, atol=1e-6)
    assert seen == [0, 1]
    assert not torch.allclose(plain.pooled, other.pooled, atol=1e-3)
