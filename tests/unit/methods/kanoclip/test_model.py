"""The network as a whole: plain map at first, steps of the ladder, evidence that adds up."""

from dataclasses import replace

import pytest
import torch

from adapp.auxiliary.picture_reader import LEVELS
from adapp.methods.kanoclip.config import VARIANTS, GlobalConfig
from adapp.methods.kanoclip.context import SelfContrast, log_cost
from adapp.methods.kanoclip.model import KanoNetwork, pair_log_odds, plain_output
from adapp.methods.kanoclip.presets import EMBEDDED, PAPER
from adapp.methods.kanoclip.scoring import fused_pair, image_scores
from tests.unit.methods.kanoclip.planted import (
    CONFIG,
    GRID,
    SMALL,
    STAGES,
    TEMPERATURE,
    TOKEN_WIDTH,
    WIDTH,
    awake,
    network,
    pictures,
    text_of,
    units,
    with_interaction,
)

CONTEXT = with_interaction(self_neighbours=(1, 4), self_stages=(1, 2))
READING = replace(CONTEXT, globals=GlobalConfig(reader=True))
SHAPE = (STAGES, 2, *GRID)


def run(made, batch=2, seed=0, **options):
    stages = made.config.interaction.self_stages if made.reads_costs else None
    shown = pictures(batch, seed, costs=stages)
    return made(shown, text_of().repeated(batch), TEMPERATURE, **options)


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_every_step_gives_maps_of_every_stage(variant):
    output = run(network(variant))
    assert output.plain.shape == output.stages.shape == SHAPE
    assert output.globals.shape == (2,)
    assert output.fused.shape == output.base.shape == (2, 1, *GRID)
    assert 0 < output.fused.min() < output.fused.max() < 1


@pytest.mark.parametrize("variant", ["knpl", "vv"])
def test_a_step_without_interaction_is_the_text_map(variant):
    output = run(network(variant))
    torch.testing.assert_close(output.stages, output.plain)
    expected = plain_output(pictures(), text_of().repeated(2), TEMPERATURE)
    torch.testing.assert_close(output.plain, expected.plain)
    torch.testing.assert_close(output.globals, expected.globals)


@pytest.mark.parametrize("config", [CONFIG, READING], ids=["paper", "context"])
@pytest.mark.parametrize("variant", ["bicmci", "full"])
def test_an_untrained_network_reproduces_the_plain_map(variant, config):
    output = run(network(variant, config))
    assert (torch.sigmoid(output.stages) - torch.sigmoid(output.plain)).abs().max() < 0.02
    assert (output.stages - output.plain).abs().max() > 0


def test_text_map_is_the_softmax_over_the_pair():
    shown, text = pictures(), text_of().repeated(2)
    output = plain_output(shown, text, TEMPERATURE)
    cosines = torch.einsum("sbnj,sbtj->sbnt", shown.visual, text.stages)
    expected = (cosines / TEMPERATURE).softmax(dim=-1)[..., 1].reshape(SHAPE)
    torch.testing.assert_close(torch.sigmoid(output.stages), expected)
    whole = torch.einsum("bj,btj->bt", shown.pooled, text.pooled) / TEMPERATURE
    torch.testing.assert_close(torch.sigmoid(output.globals), whole.softmax(dim=-1)[:, 1])


def test_equation_10_is_the_abnormal_map_when_norm_is_a_softmax():
    abnormal = run(network()).fused
    torch.testing.assert_close(fused_pair(1.0 - abnormal, abnormal), abnormal)


def test_the_highest_value_differs_from_picture_to_picture():
    highest = run(network(), batch=4).fused.flatten(1).amax(dim=1)
    assert highest.std() > 1e-3
    assert highest.max() < 1


def test_stages_are_averaged_before_the_softmax():
    output = run(network())
    expected = torch.sigmoid(output.stages.mean(dim=0))
    torch.testing.assert_close(output.fused[:, 0], expected)
    assert not torch.allclose(torch.sigmoid(output.stages).mean(dim=0), expected, atol=1e-4)


def test_every_stage_has_weights_of_its_own():
    made = network()
    with torch.no_grad():
        made.blocks[0].text_gate.fill_(0.5)
    changed, before = run(made).stages, run(network()).stages
    assert not torch.allclose(changed[0], before[0], atol=1e-3)
    torch.testing.assert_close(changed[1:], before[1:])


def test_the_adapter_belongs_to_the_last_step_only():
    assert network("bicmci").adapter is None
    full = awake(network("full"))
    assert not torch.allclose(run(full).globals, run(network()).globals, atol=1e-3)


def test_self_dissimilarity_raises_the_map_where_a_patch_is_alone():
    contrast = SelfContrast(2)
    with torch.no_grad():
        contrast.roots.fill_(0.2)  # a slope of 4
    costs = torch.tensor([[[0.1, 0.1], [0.4, 0.5], [0.2, 0.1]]])
    told = contrast(costs)[0]
    assert told[0] < told[2] < told[1]
    expected = 4.0 * log_cost(costs).sum(dim=-1)[0]
    torch.testing.assert_close(told, expected)


def test_slopes_of_the_self_dissimilarity_are_never_negative():
    contrast = SelfContrast(3)
    with torch.no_grad():
        contrast.roots.copy_(torch.tensor([-0.3, 0.0, 0.1]))
    assert contrast.slopes.tolist() == pytest.approx([9.0, 0.0, 1.0])


def test_only_the_named_stages_read_it():
    made = network("bicmci", CONTEXT)
    quiet = run(made).stages
    with torch.no_grad():
        for context in made.contexts:
            context.offset.fill_(0.3)
    loud = run(made).stages
    torch.testing.assert_close(loud[0], quiet[0])
    torch.testing.assert_close(loud[1:], quiet[1:] + 3.0)


def test_evidence_is_dropped_in_training_only_and_never_all_of_it():
    config = with_interaction(self_neighbours=(1,), self_stages=(1,), evidence_dropout=0.5)
    made = network("bicmci", config)
    spoken, heard = made.train()._kept(4000, torch.device("cpu"))
    assert ((spoken + heard) >= 1).all()
    assert float(1 - spoken.mean()) == pytest.approx(0.5, abs=0.05)
    assert float(1 - heard.mean()) == pytest.approx(0.5, abs=0.05)
    spoken, heard = made.eval()._kept(50, torch.device("cpu"))
    assert spoken.min() == heard.min() == 1


def test_missing_self_dissimilarity_is_named():
    with pytest.raises(ValueError, match="compute it first"):
        network("full", CONTEXT)(pictures(), text_of().repeated(2), TEMPERATURE)


def test_prompts_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"text\.stages has shape"):
        network()(pictures(), text_of().repeated(3), TEMPERATURE)


def test_centring_takes_the_mean_away():
    made = network("vv", replace(CONFIG, centre=True))
    visual = units(STAGES, 2, 36, WIDTH)
    mean = visual.mean(dim=(1, 2))
    with torch.no_grad():
        made.centre.copy_(mean)
    centred = made.centred(visual)
    torch.testing.assert_close(centred.norm(dim=-1), torch.ones(STAGES, 2, 36))
    expected = torch.nn.functional.normalize(visual - mean[:, None, None], dim=-1)
    torch.testing.assert_close(centred, expected)
    assert torch.equal(network("vv").centred(visual), visual)


def test_log_odds_do_not_depend_on_the_length_of_a_patch():
    visual, prompts = units(2, 5, WIDTH), units(2, 2, WIDTH, seed=2)
    odds = pair_log_odds(visual, prompts, TEMPERATURE)
    torch.testing.assert_close(pair_log_odds(3.0 * visual, 0.2 * prompts, TEMPERATURE), odds)


def test_reduced_arithmetic_stays_close():
    made = awake(network("full", READING), seed=4)
    exact, reduced = run(made), run(made, reduced=True)
    torch.testing.assert_close(reduced.plain, exact.plain)
    assert (torch.sigmoid(reduced.stages) - torch.sigmoid(exact.stages)).abs().max() < 0.1
    assert reduced.stages.dtype == torch.float32


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_gradient_reaches_every_trained_parameter(variant):
    """Prompts learn through the text, which the network is handed; the rest learns here."""
    made = awake(network(variant, READING))
    shown = pictures(costs=(1, 2) if made.reads_costs else None)
    output = made(shown, text_of().repeated(2), TEMPERATURE)
    if variant in {"bicmci", "full"}:
        (output.stages.square().sum() + output.globals.square().sum()).backward()
    learned = {n: p for n, p in made.named_parameters() if p.requires_grad}
    own = {n: p for n, p in learned.items() if not n.startswith("prompts.")}
    dead = {name for name, p in own.items() if p.grad is None or not p.grad.any()}
    assert all(name.endswith("key.bias") for name in dead)
    assert bool(own) is (variant in {"bicmci", "full"})


def test_the_reader_reads_the_shown_map_each_cost_and_the_picture():
    made = awake(network("full", READING))
    output = run(made)
    shown = output.stages.mean(dim=0).flatten(1)
    top = output.readings[:, len(LEVELS) - 1]
    torch.testing.assert_close(top, shown.amax(dim=1))
    torch.testing.assert_close(output.readings[:, -1], output.globals)
    costs = len(READING.interaction.self_stages) * len(READING.interaction.self_neighbours)
    assert output.readings.shape[1] == len(LEVELS) * (1 + costs) + 2
    torch.testing.assert_close(output.odds, made.reader(output.readings))
    scores = image_scores(output, 56, 4.0)
    torch.testing.assert_close(scores, 2.0 * torch.sigmoid(output.odds))


def test_a_bridge_inside_is_kept_and_never_trained():
    bridge = torch.nn.Linear(3, 3)
    made = KanoNetwork(
        CONFIG, "knpl", stages=STAGES, width=WIDTH, token_width=TOKEN_WIDTH, bridge=bridge
    )
    assert torch.equal(made.state_dict()["bridge.weight"], bridge.weight)
    assert not any(parameter.requires_grad for parameter in made.bridge.parameters())


def test_paper_sizes():
    made = KanoNetwork(PAPER, "full", stages=4, width=768, token_width=768)
    block = sum(p.numel() for p in made.blocks[0].parameters())
    assert 2.0e6 < block < 3.0e6
    assert made.adapter.down.out_features == 192
    assert made.prompts.normal.shape == (12, 768)
    assert not made.reads_costs
    assert made.reader is None


def test_embedded_is_small():
    made = KanoNetwork(EMBEDDED, "full", stages=4, width=384, token_width=384)
    assert sum(p.numel() for p in made.parameters()) < 1.5e6
    assert made.reads_costs
    assert SMALL.self_neighbours == ()
