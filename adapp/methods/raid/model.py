"""The guided mixture-of-experts filter of RAID section 3.4.

Tensors in, tensors out: no file, no device choice. Shape letters as in ``adapp.core.results``;
G guidance channels entering stage one, F fused guidance channels leaving it, M experts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adapp.methods.raid.config import FilterConfig, Variant
from adapp.ops.checks import check_shape
from adapp.ops.maps import cost_logit

FLOOR = 0.01
"""Added to every stage-two weight before they are made to sum to 1 (released code)."""


@dataclass(frozen=True, slots=True, eq=False)
class FilterOutput:
    """What the filter says about a batch.

    Attributes:
        logits: Log-odds of the generated map M, [B, 1, h, w].
        guidance_weights: Stage-one probabilities before the top-k cut, [B, M]; None without it.
        active: Which experts ran, [B, M] bool; None as above.
        denoising_weights: Stage-two weights, [B, M], rows sum to 1.
    """

    logits: Tensor
    guidance_weights: Tensor | None
    active: Tensor | None
    denoising_weights: Tensor

    @property
    def maps(self) -> Tensor:
        """The generated map M, [B, 1, h, w] in (0, 1)."""
        return torch.sigmoid(self.logits)


class Router(nn.Module):
    """Chooses among experts by looking at the whole grid: strided convolution, then the mean."""

    def __init__(self, channels: int, experts: int, noise: float) -> None:
        super().__init__()
        self.score = nn.Conv2d(channels, experts, kernel_size=4, stride=4)
        nn.init.zeros_(self.score.weight)
        assert self.score.bias is not None  # noqa: S101 - narrows the type, bias is on by default
        nn.init.zeros_(self.score.bias)
        self.noise = noise

    def forward(self, guidance: Tensor) -> Tensor:
        """Return expert probabilities, [B, M], for ``guidance`` [B, C, h, w]."""
        scores = self.score(guidance).mean(dim=(2, 3))  # [B, M]
        if self.training and self.noise > 0:
            scores = scores + self.noise * torch.rand_like(scores)
        probability: Tensor = scores.softmax(dim=-1)
        return probability


class GuidanceExpert(nn.Module):
    """Convolves the dual guidance and keeps the input beside the result."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(channels, channels // 2, kernel_size=3, padding=1),
            nn.BatchNorm2d(channels // 2),
            nn.ReLU(),
        )

    def forward(self, guidance: Tensor) -> Tensor:
        """Return [B, 3 G / 2, h, w] for ``guidance`` [B, G, h, w]."""
        return torch.cat([guidance, self.block(guidance)], dim=1)


class GuidanceMoE(nn.Module):
    """Stage one: sparse experts fuse query and prototype guidance. Source: RAID 3.4."""

    def __init__(self, channels: int, experts: int, active: int, noise: float) -> None:
        super().__init__()
        self.router = Router(channels, experts, noise)
        self.experts = nn.ModuleList(GuidanceExpert(channels) for _ in range(experts))
        self.active = active

    def forward(self, guidance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the fused guidance [B, F, h, w], probabilities [B, M] and the choice [B, M]."""
        probability = self.router(guidance)
        chosen = torch.zeros_like(probability, dtype=torch.bool)
        chosen.scatter_(1, probability.topk(self.active, dim=1).indices, value=True)
        gates = probability * chosen  # not renormalised, as printed
        fused: Tensor | None = None
        for position, expert in enumerate(self.experts):
            rows = chosen[:, position].nonzero().squeeze(1)
            if rows.numel() == 0:
                continue
            part = expert(guidance[rows]) * gates[rows, position, None, None, None]
            if fused is None:
                fused = part.new_zeros(guidance.shape[0], *part.shape[1:])
            fused = fused.index_add(0, rows, part)
        assert fused is not None  # noqa: S101 - every picture has at least one active expert
        return fused, probability, chosen


class DenoisingExpert(nn.Module):
    """Filters the cost volume under the guidance: attention branch and convolution branch."""

    def __init__(self, guidance: int, costs: int, groups: int, *, convolution: bool) -> None:
        super().__init__()
        half = max(groups, costs // 2 // groups * groups)
        self.to_cost_space = nn.Sequential(
            nn.Conv2d(guidance, costs, kernel_size=3, padding=1),
            nn.GroupNorm(groups, costs),
            nn.SiLU(),
        )
        self.gate: nn.Module | None = None
        self.identity: nn.Module | None = None
        if convolution:
            self.identity = nn.Sequential(nn.Conv2d(costs, costs, 1), nn.GroupNorm(groups, costs))
            self.gate = nn.Sequential(
                nn.Conv2d(costs, half, kernel_size=3, padding=1),
                nn.GroupNorm(groups, half),
                nn.SiLU(),
                nn.Conv2d(half, costs, kernel_size=1),
                nn.Sigmoid(),
            )
        self.query_norm = nn.LayerNorm(costs)
        self.cost_norm = nn.LayerNorm(costs)
        self.query = nn.Linear(costs, costs)
        self.key = nn.Linear(costs, costs)
        self.value = nn.Linear(costs, costs)
        self.output_norm = nn.LayerNorm(costs)
        self.decision = nn.Conv2d(costs, 1, kernel_size=1)
        self.head = nn.Sequential(
            nn.Conv2d(costs, costs, kernel_size=3, padding=1),
            nn.GroupNorm(groups, costs),
            nn.SiLU(),
        )

    def attention(self, guidance: Tensor, costs: Tensor) -> tuple[Tensor, Tensor]:
        """Return attended costs [B, N, K] and attention weights [B, N, N], rows summing to 1."""
        q, k, v = self._projections(guidance, costs)
        weights = ((q @ k.transpose(1, 2)).float() / costs.shape[1] ** 0.5).softmax(dim=-1)
        return weights.to(v.dtype) @ v, weights

    def _projections(self, guidance: Tensor, costs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return query (from the guidance), key and value (from the costs), each [B, N, K]."""
        queries = self.to_cost_space(guidance).flatten(2).transpose(1, 2)  # [B, N, K]
        tokens = self.cost_norm(costs.flatten(2).transpose(1, 2))
        value = self.value(tokens)
        if self.gate is not None:
            value = value * (1.0 + 0.1 * self.gate(costs).flatten(2).transpose(1, 2))
        return self.query(self.query_norm(queries)), self.key(tokens), value

    def forward(self, guidance: Tensor, costs: Tensor) -> Tensor:
        """Return log-odds [B, 1, h, w]; fused form of :meth:`attention`, the weights unseen.

        Args:
            guidance: Fused guidance, [B, F, h, w].
            costs: Cost volume, neighbours ascending, [B, K, h, w].
        """
        q, k, v = self._projections(guidance, costs)
        attended = nn.functional.scaled_dot_product_attention(
            q.unsqueeze(1), k.unsqueeze(1), v.unsqueeze(1)
        ).squeeze(1)
        if self.identity is not None:
            attended = attended + self.identity(costs).flatten(2).transpose(1, 2)
        tokens = self.output_norm(attended)
        logits: Tensor = self.decision(self.head(tokens.transpose(1, 2).reshape(costs.shape)))
        return logits


class DenoisingMoE(nn.Module):
    """Stage two: all experts filter the cost volume, a router mixes their maps."""

    def __init__(self, config: FilterConfig, guidance: int, *, convolution: bool) -> None:
        super().__init__()
        self.router = Router(guidance + config.neighbours, config.experts, config.router_noise)
        self.experts = nn.ModuleList(
            DenoisingExpert(guidance, config.neighbours, config.groups, convolution=convolution)
            for _ in range(config.experts)
        )

    def start_silent(self) -> None:
        """Set every expert's last layer to zero, so that only what is skipped around it speaks."""
        for expert in self.experts:
            if isinstance(expert, DenoisingExpert):
                nn.init.zeros_(expert.decision.weight)
                if expert.decision.bias is not None:
                    nn.init.zeros_(expert.decision.bias)

    def forward(
        self, guidance: Tensor, costs: Tensor, skip: Tensor | None, *, uniform: bool
    ) -> tuple[Tensor, Tensor]:
        """Return the mixed map's log-odds [B, 1, h, w] and the weights [B, M].

        Probabilities are mixed, not log-odds: M = sum_i p_i sigmoid(logit_i). Source: RAID 3.4.

        Args:
            guidance: [B, F, h, w].
            costs: [B, K, h, w].
            skip: Log-odds added to every expert's, [B, 1, h, w], or None.
            uniform: Give all experts the same weight (warm-up).
        """
        weights = self.router(torch.cat([guidance, costs], dim=1)) + FLOOR
        weights = weights / weights.sum(dim=1, keepdim=True)
        if uniform:
            weights = torch.full_like(weights, 1.0 / weights.shape[1])
        logits = torch.stack([expert(guidance, costs) for expert in self.experts], dim=1)
        if skip is not None:
            logits = logits + skip.unsqueeze(1)
        # log sum_i p_i sigmoid(l_i) and its complement, kept in log space for the loss
        log_weights = weights.float().clamp_min(1e-8).log()[:, :, None, None, None]
        logits = logits.float()
        on = torch.logsumexp(log_weights + nn.functional.logsigmoid(logits), dim=1)
        off = torch.logsumexp(log_weights + nn.functional.logsigmoid(-logits), dim=1)
        return on - off, weights


class Squeeze(nn.Module):
    """Reduces the guidance to a few channels, dropping whole token channels in training."""

    def __init__(self, width: int, channels: int, dropout: float) -> None:
        super().__init__()
        self.scale = width**0.5  # unit tokens come in; make their channels about unit variance
        self.dropout = dropout
        self.linear = nn.Linear(width, channels)
        self.norm = nn.LayerNorm(channels)

    def forward(self, parts: Sequence[Tensor]) -> Tensor:
        """Return [B, h, w, G] for guidance ``parts`` [B, h, w, C_i] whose widths sum to C."""
        weight = self.linear.weight * self.scale  # [G, C]; cheaper to scale than the tokens
        if self.training and self.dropout > 0:
            kept = torch.rand(weight.shape[1], device=weight.device) >= self.dropout
            weight = weight * kept / (1.0 - self.dropout)
        pieces = weight.split([part.shape[-1] for part in parts], dim=1)
        squeezed = sum(
            (nn.functional.linear(p, w) for p, w in zip(parts, pieces, strict=True)),
            start=self.linear.bias,
        )
        normed: Tensor = self.norm(squeezed)
        return normed


class RaidFilter(nn.Module):
    """Filtering-based generation: cost volume and guidance in, anomaly map out. Source: RAID 3.4.

    ``variant`` builds the paper's ladder: ``cross_attention`` has stage two with the attention
    branch only and a plain convolution in place of stage one; ``guidance_moe`` adds stage one;
    ``full`` adds the convolution branch.
    """

    def __init__(self, config: FilterConfig, variant: Variant, steepness: float) -> None:
        super().__init__()
        self.config = config
        self.steepness = steepness
        channels = config.guidance_channels
        self.squeeze: Squeeze | None = None
        if config.squeeze:
            width = config.token_width * (1 if config.guidance == "difference" else 2)
            self.squeeze = Squeeze(width, channels, config.guidance_dropout)
        self.guidance: nn.Module
        if variant == "cross_attention":
            self.guidance = GuidanceExpert(channels)
        else:
            self.guidance = GuidanceMoE(
                channels, config.experts, config.active, config.router_noise
            )
        fused = channels + channels // 2
        self.denoising = DenoisingMoE(config, fused, convolution=variant == "full")
        if config.base_skip:
            self.skip_gain = nn.Parameter(torch.ones(()))
            self.denoising.start_silent()

    def forward(
        self,
        tokens: Tensor,
        prototypes: Tensor,
        costs: Tensor,
        normal_cost: Tensor,
        *,
        uniform: bool = False,
    ) -> FilterOutput:
        """Return the generated map.

        Args:
            tokens: Query patches, unit norm, [B, h, w, D].
            prototypes: Nearest semantic prototype of each, unit norm, [B, h, w, D].
            costs: Matching cost, neighbours ascending, [B, h, w, K] in [0, 2].
            normal_cost: The support's own spread, [B], positive.
            uniform: Warm-up of the stage-two router.

        Raises:
            ValueError: If shapes disagree.
        """
        batch, rows, columns, width = tokens.shape
        check_shape("prototypes", prototypes, (batch, rows, columns, width))
        check_shape("costs", costs, (batch, rows, columns, self.config.neighbours))
        spread = normal_cost.view(batch, 1, 1, 1)
        relative = self.config.cost_input == "log_ratio"
        volume = cost_logit(costs, spread, 1.0) if relative else costs
        volume = volume.permute(0, 3, 1, 2)  # [B, K, h, w]
        guidance = self._guidance(tokens, prototypes)
        if isinstance(self.guidance, GuidanceMoE):
            fused, probability, chosen = self.guidance(guidance)
        else:
            fused, probability, chosen = self.guidance(guidance), None, None
        skip = None
        if self.config.base_skip:
            nearest = costs[..., 0].unsqueeze(1)  # [B, 1, h, w]
            skip = self.skip_gain * cost_logit(nearest, spread, self.steepness)
        logits, weights = self.denoising(fused, volume, skip, uniform=uniform)
        return FilterOutput(logits, probability, chosen, weights)

    def _guidance(self, tokens: Tensor, prototypes: Tensor) -> Tensor:
        """Return the dual guidance as a picture, [B, G, h, w]."""
        difference = self.config.guidance == "difference"
        parts = [tokens - prototypes] if difference else [tokens, prototypes]
        dual = torch.cat(parts, dim=-1) if self.squeeze is None else self.squeeze(parts)
        return dual.permute(0, 3, 1, 2)
