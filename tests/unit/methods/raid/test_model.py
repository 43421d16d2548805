"""The filter: gates, attention, mixture, ladder and size, in the paper's form and in ours."""

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from adapp.methods.raid.config import VARIANTS, FilterConfig
from adapp.methods.raid.losses import balance_loss
from adapp.methods.raid.model import DenoisingExpert, DenoisingMoE, GuidanceMoE, RaidFilter, Router
from adapp.methods.raid.presets import EMBEDDED, PAPER, TINY
from adapp.ops.maps import calibrate_cost
from adapp.ops.similarity import unit_norm
from tests.tolerance import assert_same

LADDER = VARIANTS[1:]
PAPER_FORM = FilterConfig(token_width=12, neighbours=10, groups=5)
OURS = TINY.filter
FORMS = {"paper form": PAPER_FORM, "ours": OURS, "difference": replace(OURS, guidance="difference")}
STEEPNESS = 3.0
SIDE = 8


def inputs(config, batch=4, side=SIDE):
    """Return tokens, prototypes, ascending costs and spread for ``RaidFilter``."""
    shape = (batch, side, side)
    tokens = unit_norm(torch.randn(*shape, config.token_width))
    prototypes = unit_norm(tokens + 0.5 * torch.randn(*shape, config.token_width))
    costs = (0.8 * torch.rand(*shape, config.neighbours)).sort(dim=-1).values
    return tokens, prototypes, costs, 0.1 + 0.2 * torch.rand(batch)


def awake(network, scale=0.2):
    """Return ``network`` with noise on every parameter: no layer starts at zero any more."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(scale * torch.randn_like(parameter))
    return network


def built(config, variant="full"):
    return awake(RaidFilter(config, variant, STEEPNESS)).eval()


def with_router_bias(moe, *bias):
    with torch.no_grad():
        moe.router.score.bias.copy_(torch.tensor(bias))
    return moe


# --- routing ---------------------------------------------------------------------------------


def test_an_untrained_router_gives_each_expert_one_third():
    router = Router(6, 3, noise=0.01).eval()
    assert_same(router(torch.randn(2, 6, 8, 8)), torch.full((2, 3), 1 / 3))


def test_router_noise_is_small_and_only_in_training():
    router = Router(6, 3, noise=0.01).train()
    guidance = torch.randn(200, 6, 8, 8)
    noisy = router(guidance).detach()
    assert float((noisy - 1 / 3).abs().max()) < 0.01 / 3
    assert float(noisy.std(dim=0).min()) > 1e-4
    assert torch.equal(router.eval()(guidance), router(guidance))


def test_router_looks_at_the_whole_grid():
    router = Router(1, 2, noise=0.0)
    with torch.no_grad():
        router.score.weight[0].fill_(1.0)
    guidance = torch.zeros(2, 1, 8, 8)
    guidance[0, 0, 7, 7] = 4.0  # 4 in one of the four windows: a mean of 1 over them
    expected = torch.tensor([[1.0, 0.0], [0.0, 0.0]]).softmax(dim=1)
    assert_same(router(guidance), expected)


def test_exactly_two_experts_run_for_each_picture():
    moe = awake(GuidanceMoE(6, experts=3, active=2, noise=0.01))
    _, probability, chosen = moe(torch.randn(16, 6, 8, 8))
    assert chosen.sum(dim=1).tolist() == [2] * 16
    assert torch.equal(chosen.float().argmin(dim=1), probability.argmin(dim=1))


def test_fused_guidance_is_the_weighted_sum_of_the_two_best_experts():
    moe = awake(GuidanceMoE(6, experts=3, active=2, noise=0.01)).eval()
    guidance = torch.randn(16, 6, 8, 8)
    fused, probability, chosen = moe(guidance)
    assert fused.shape == (16, 9, 8, 8)
    assert len(chosen.unique(dim=0)) > 1  # pictures differ in their experts
    every = torch.stack([expert(guidance) for expert in moe.experts], dim=1)
    gates = torch.where(chosen, probability, torch.zeros(()))  # not renormalised
    assert_same(fused, (gates[:, :, None, None, None] * every).sum(dim=1))
    assert float(gates.sum(dim=1).detach().max()) < 1.0


def test_an_unselected_expert_gets_no_gradient():
    moe = with_router_bias(GuidanceMoE(6, experts=3, active=2, noise=0.0), 1.0, 2.0, 0.0)
    fused, _, chosen = moe(torch.randn(4, 6, 8, 8))
    assert chosen.tolist() == [[True, True, False]] * 4
    fused.square().sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in moe.experts[2].parameters())
    for expert in moe.experts[:2]:
        assert bool(expert.block[0].weight.grad.any())


def test_balance_loss_wakes_an_expert_that_is_never_chosen():
    config = replace(PAPER_FORM, router_noise=0.01)
    network = RaidFilter(config, "full", STEEPNESS).train()
    with_router_bias(network.guidance, 2.0, 2.0, 0.0)
    optimizer = torch.optim.SGD(network.guidance.router.parameters(), lr=3.0)
    data = inputs(config, batch=4, side=4)
    before = network(*data).guidance_weights[:, 2].mean().item()
    for _ in range(25):
        optimizer.zero_grad()
        balance_loss(network(*data)).backward()
        optimizer.step()
    after = network(*data)
    assert before < 0.1
    assert after.guidance_weights[:, 2].mean().item() > 0.25
    assert bool(after.active[:, 2].any())


# --- denoising -------------------------------------------------------------------------------


@pytest.mark.parametrize("convolution", [True, False])
def test_attention_rows_sum_to_one(convolution):
    expert = awake(DenoisingExpert(9, 10, 5, convolution=convolution))
    attended, weights = expert.attention(torch.randn(2, 9, 8, 8), torch.rand(2, 10, 8, 8))
    assert weights.shape == (2, 64, 64)
    assert attended.shape == (2, 64, 10)
    assert_same(weights.sum(dim=-1), torch.ones(2, 64))
    assert float(weights.detach().min()) >= 0


@pytest.mark.parametrize("convolution", [True, False])
def test_the_fused_attention_is_the_explicit_one(convolution):
    expert = awake(DenoisingExpert(9, 10, 5, convolution=convolution))
    guidance, costs = torch.randn(2, 9, 8, 8), torch.rand(2, 10, 8, 8)
    attended, _ = expert.attention(guidance, costs)
    if convolution:
        attended = attended + expert.identity(costs).flatten(2).transpose(1, 2)
    tokens = expert.output_norm(attended).transpose(1, 2).reshape(costs.shape)
    assert_same(expert(guidance, costs), expert.decision(expert.head(tokens)))


def test_the_guidance_asks_and_the_costs_answer():
    expert = awake(DenoisingExpert(9, 10, 5, convolution=True))
    guidance, costs = torch.randn(1, 9, 8, 8), torch.rand(1, 10, 8, 8)
    q, k, v = expert._projections(guidance, costs)
    q2, k2, v2 = expert._projections(torch.randn(1, 9, 8, 8), costs)
    assert not torch.allclose(q, q2)
    assert torch.equal(k, k2)
    assert torch.equal(v, v2)


def test_the_convolution_branch_gates_the_values_and_the_attention_branch_alone_does_not():
    guidance, costs = torch.randn(1, 9, 8, 8), torch.rand(1, 10, 8, 8)
    for convolution in (True, False):
        expert = awake(DenoisingExpert(9, 10, 5, convolution=convolution))
        plain = expert.value(expert.cost_norm(costs.flatten(2).transpose(1, 2)))
        factor = 1 + 0.1 * expert.gate(costs).flatten(2).transpose(1, 2) if convolution else 1
        assert_same(expert._projections(guidance, costs)[2], plain * factor)
    assert expert.gate is None
    assert expert.identity is None


def test_probabilities_are_mixed_and_not_log_odds():
    moe = awake(DenoisingMoE(PAPER_FORM, 36, convolution=True)).eval()
    guidance, costs = torch.randn(3, 36, 8, 8), torch.rand(3, 10, 8, 8)
    skip = torch.randn(3, 1, 8, 8)
    logits, weights = moe(guidance, costs, skip, uniform=False)
    assert_same(weights.sum(dim=1), torch.ones(3))
    assert float(weights.detach().std()) > 0.01
    each = torch.stack([torch.sigmoid(expert(guidance, costs) + skip) for expert in moe.experts])
    assert_same(torch.sigmoid(logits), (weights.T[:, :, None, None, None] * each).sum(dim=0))


def test_warm_up_weighs_all_experts_alike():
    moe = awake(DenoisingMoE(PAPER_FORM, 36, convolution=True)).eval()
    guidance, costs = torch.randn(3, 36, 8, 8), torch.rand(3, 10, 8, 8)
    logits, weights = moe(guidance, costs, None, uniform=True)
    assert_same(weights, torch.full((3, 3), 1 / 3))
    each = torch.stack([torch.sigmoid(expert(guidance, costs)) for expert in moe.experts])
    assert_same(torch.sigmoid(logits), each.mean(dim=0))
    logits.sum().backward()
    assert all(p.grad is None for p in moe.router.parameters())


# --- the whole filter ------------------------------------------------------------------------


@pytest.mark.parametrize("variant", LADDER)
@pytest.mark.parametrize("config", FORMS.values(), ids=FORMS)
def test_shapes_and_ranges(config, variant):
    output = built(config, variant)(*inputs(config))
    assert output.logits.shape == output.maps.shape == (4, 1, SIDE, SIDE)
    maps = output.maps.detach()
    assert 0 < float(maps.min()) < float(maps.max()) < 1
    assert_same(output.denoising_weights.sum(dim=1), torch.ones(4))
    if variant == "cross_attention":
        assert output.guidance_weights is None
        assert output.active is None
    else:
        assert output.active.sum(dim=1).tolist() == [2] * 4


@pytest.mark.parametrize("config", FORMS.values(), ids=FORMS)
def test_the_ladder_adds_parts(config):
    sizes = {v: sum(p.numel() for p in RaidFilter(config, v, 3.0).parameters()) for v in LADDER}
    assert sizes["cross_attention"] < sizes["guidance_moe"] < sizes["full"]
    data = inputs(config)
    maps = []
    for variant in LADDER:
        torch.manual_seed(1)
        maps.append(built(config, variant)(*data).maps)
    assert all(not torch.allclose(maps[0], other, atol=1e-3) for other in maps[1:])
    assert not torch.allclose(maps[1], maps[2], atol=1e-3)


@pytest.mark.parametrize("config", FORMS.values(), ids=FORMS)
def test_pictures_of_a_batch_do_not_see_each_other(config):
    network, data = built(config), inputs(config)
    together = network(*data).logits
    alone = [network(*(part[i : i + 1] for part in data)).logits for i in range(4)]
    assert_same(together, torch.cat(alone))


@pytest.mark.parametrize("variant", LADDER)
@pytest.mark.parametrize("config", FORMS.values(), ids=FORMS)
def test_gradient_reaches_every_trainable_parameter(config, variant):
    network = awake(RaidFilter(config, variant, STEEPNESS)).train()
    # noise on the router's weights sends the pictures of a batch to all the experts
    data = inputs(config, batch=24)
    output = network(*data)
    target = (torch.rand_like(output.logits) > 0.7).float()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(output.logits, target)
    (loss + 0.1 * balance_loss(output)).backward()
    dead = {name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()}
    assert {name for name in dead if not _cannot_learn(name)} == set()
    assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in network.parameters())


def _cannot_learn(name):
    """Return whether a bias has no effect: before a batch norm, or equal for all keys."""
    return name.endswith(("block.0.bias", ".key.bias"))


@pytest.mark.parametrize("variant", LADDER)
@pytest.mark.parametrize("config", [OURS, EMBEDDED.filter], ids=["tiny", "embedded"])
def test_an_untrained_filter_with_the_skip_is_plain_retrieval(config, variant):
    data = inputs(config)
    maps = RaidFilter(config, variant, STEEPNESS).eval()(*data).maps
    nearest, spread = data[2][..., 0], data[3].view(-1, 1, 1)
    assert_same(maps[:, 0], calibrate_cost(nearest, spread, STEEPNESS))


def test_the_spread_scales_the_costs_of_our_form_only():
    tokens, prototypes, costs, spread = inputs(OURS)
    ours = built(OURS)
    assert_same(ours(tokens, prototypes, costs, spread).logits,
                ours(tokens, prototypes, costs / 2, spread / 2).logits)  # fmt: skip
    tokens, prototypes, costs, spread = inputs(PAPER_FORM)
    paper = built(PAPER_FORM)
    as_given = paper(tokens, prototypes, costs, spread).logits
    assert torch.equal(as_given, paper(tokens, prototypes, costs, spread / 2).logits)
    assert not torch.allclose(as_given, paper(tokens, prototypes, costs / 2, spread).logits)


@pytest.mark.parametrize("config", FORMS.values(), ids=FORMS)
def test_constant_cost_and_guidance_give_a_smooth_map(config):
    side, border = 16, 4  # the zero padding of three convolutions in a row reaches 3 cells
    network = built(config)
    tokens, prototypes, costs, spread = inputs(config, batch=2, side=side)
    level = torch.linspace(0.1, 0.5, config.neighbours).expand_as(costs)
    flat = [part[:, :1, :1].expand_as(part) for part in (tokens, prototypes)]
    inner = (..., slice(border, -border), slice(border, -border))
    smooth = network(*flat, level, spread).maps.detach()[inner]
    rough = network(*flat, costs, spread).maps.detach()[inner]
    assert float(smooth.std(dim=(1, 2, 3)).max()) < 1e-5
    assert float(rough.std(dim=(1, 2, 3)).min()) > 1e-3


def test_wrong_shapes_are_named():
    network = built(PAPER_FORM)
    tokens, prototypes, costs, spread = inputs(PAPER_FORM)
    with pytest.raises(ValueError, match="costs has shape"):
        network(tokens, prototypes, costs[..., :5], spread)
    with pytest.raises(ValueError, match="prototypes has shape"):
        network(tokens, prototypes[:, :4], costs, spread)


def test_guidance_channels_are_dropped_in_training_only():
    config = replace(OURS, guidance_dropout=0.5, router_noise=0.0)
    network, data = built(config), inputs(config)
    assert torch.equal(network(*data).logits, network(*data).logits)
    network.train()
    assert not torch.allclose(network(*data).logits, network(*data).logits, atol=1e-3)


# --- size of the published configuration -----------------------------------------------------


def macs(config):
    """Return multiply-accumulates of the convolutions and linear maps, one picture of 32 x 32."""
    network = RaidFilter(config, "full", STEEPNESS).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(*inputs(config, batch=1, side=32))
    layers = ("convolution", "addmm")
    counts = counter.get_flop_counts()["Global"]
    return sum(flops for op, flops in counts.items() if str(op).split(".")[-1] in layers) / 2


def test_the_paper_form_has_the_papers_number_of_parameters():
    network = RaidFilter(PAPER.filter, "full", PAPER.steepness)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(13.9, abs=0.3)


def test_the_paper_form_has_the_papers_number_of_operations():
    all_experts = macs(replace(PAPER.filter, active=3))  # the paper counts every expert
    two_of_three = macs(PAPER.filter)
    assert 14e9 < all_experts < 15e9
    one_expert = 1024 * 9 * 768 * 384  # what leaving one guidance expert out saves
    assert all_experts - two_of_three == pytest.approx(one_expert, rel=1e-6)
