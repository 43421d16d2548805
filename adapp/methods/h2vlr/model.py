"""The trained parts of H2VLR: mapper, hypergraph reasoning and learned image score.

Tensors in, tensors out: no file, no device choice. Shape letters as in ``adapp.core.results``; S
stages of the joint space, J its channels, T prompts, E hyperedges, C node channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.methods.h2vlr.comparison import channels
from adapp.methods.h2vlr.config import GraphConfig, H2vlrConfig, ScoreConfig, Variant
from adapp.methods.h2vlr.semantics import Direction, Mapper
from adapp.ops.checks import check_shape
from adapp.ops.hypergraph import (
    Normalisation,
    Propagation,
    counted_degrees,
    hypergraph_operator,
    incidence_matrix,
    prompt_edge_weights,
    propagate,
    semantic_members,
)
from adapp.ops.maps import top_percent_score
from adapp.ops.soft_histogram import soft_histogram

SCORED_MAPS = 4
"""Maps whose top-percent scores the image score weighs: base, visual, evidence, hypergraph."""
STACKED = ("base_gain", "own_gain", "own", "readings", "maps")
"""Few weights that add finished readings up; they learn at a higher rate."""
_FLOOR = 1e-4  # probabilities nearer to 0 or 1 than this count as this in log-odds


@dataclass(frozen=True, slots=True, eq=False)
class Hypergraph:
    """The hypergraph of a batch of pictures, reduced to its visual nodes.

    Attributes:
        members: Members of every structural hyperedge beside its own patch, [B, N, K].
        claimed: Members of every semantic hyperedge, [B, T, K].
        incidence: Structural, then semantic hyperedges, [B, N, N + T].
        weight: Hyperedge weights, 1 for structural ones, [B, N + T].
        include_own: Whether every patch belongs to its own structural hyperedge.
    """

    members: Tensor
    claimed: Tensor
    incidence: Tensor
    weight: Tensor
    include_own: bool

    def operator(self, norm: Normalisation) -> Propagation:
        """Return the propagation of one hypergraph convolution."""
        degrees = counted_degrees(
            self.members, self.claimed, self.weight, include_own=self.include_own
        )
        return hypergraph_operator(self.incidence, self.weight, norm, degrees)


def make_hypergraph(
    members: Tensor, affinity: Tensor, config: GraphConfig, dtype: torch.dtype = torch.float32
) -> Hypergraph:
    """Return the hypergraph of patches whose neighbours are known.

    Which patch belongs where is decided without gradient; the weights of semantic hyperedges
    pass gradients on to the prompts.

    Args:
        members: Structural neighbours, [B, N, K].
        affinity: Cosine of patches and prompts, [B, N, T].
        config: K and how hyperedges are weighted.
        dtype: Arithmetic of the reasoning.

    Source: H2VLR section 3.3.
    """
    nodes = affinity.shape[-2]
    claimed = semantic_members(affinity.detach(), config.neighbours)
    structural = incidence_matrix(members, nodes, include_own=config.include_self, dtype=dtype)
    semantic = incidence_matrix(claimed, nodes, dtype=dtype)
    ones = affinity.new_ones(affinity.shape[0], nodes)
    if config.weights == "prompt":
        weights = prompt_edge_weights(affinity, claimed, config.weight_temperature)
    else:
        weights = affinity.new_ones(affinity.shape[0], affinity.shape[-1])
    return Hypergraph(
        members,
        claimed,
        torch.cat([structural, semantic], dim=-1),
        torch.cat([ones, weights], dim=-1),
        config.include_self,
    )


def spread_out(values: Tensor, graph: Hypergraph, share: float) -> Tensor:
    """Return ``values`` [B, N] mixed with their mean over hyperedges, without parameters, [B, N].

    The step that ``sghm`` adds to the base map. Source: H2VLR table 4; the formula is ours.

    Args:
        values: Map on the patches.
        graph: Hypergraph of the same batch.
        share: Weight of the neighbourhood.
    """
    operator = graph.operator("row")
    return torch.lerp(values, propagate(values.unsqueeze(-1), operator).squeeze(-1), share)


def evidence_widths(config: H2vlrConfig) -> tuple[int, int]:
    """Return the evidence channels of a node: visual ones, and those read in the joint space.

    The latter are the text log-odds before and after forgiveness and, with a learned direction,
    its reading and the reading less that of the nearest normal patch.
    """
    if not config.graph.evidence:
        return 0, 0
    readings = (4 if config.graph.direction else 2) if config.graph.readings else 0
    return len(channels(config)), readings


class NodeFeatures(nn.Module):
    """X(0): joint tokens as they are, or squeezed and joined by evidence (Deviation D7)."""

    def __init__(self, config: GraphConfig, joint: int, evidence: int) -> None:
        super().__init__()
        self.config = config
        self.scale = joint**0.5  # unit tokens come in; make their channels about unit variance
        self.squeeze: nn.Linear | None = None
        self.norm: nn.LayerNorm | None = None
        self.evidence: nn.Linear | None = None
        tokens = (config.squeeze or joint) if config.tokens else 0
        if config.tokens and config.squeeze:
            self.squeeze = nn.Linear(joint, config.squeeze)
            self.norm = nn.LayerNorm(config.squeeze)
        if config.evidence:
            self.evidence = nn.Linear(evidence, config.width - tokens)
        elif tokens != config.width:
            msg = f"nodes have {tokens} channels; graph.width says {config.width}"
            raise ValueError(msg)

    def forward(self, joint: Tensor | None, evidence: Tensor) -> Tensor:
        """Return node features, [B, N, C].

        Args:
            joint: Patches in the joint space, [S, B, N, J]; None where nodes hold no tokens.
            evidence: [B, N, Ev].

        Raises:
            ValueError: If the tokens are needed and absent.
        """
        if not self.config.tokens and self.evidence is not None:
            only: Tensor = functional.gelu(self.evidence(evidence))
            return only
        if joint is None:
            msg = "these nodes hold tokens; give the patches in the joint space"
            raise ValueError(msg)
        if self.squeeze is None or self.norm is None:
            nodes = joint.movedim(0, 2).flatten(2)
        else:
            nodes = self.norm(self._squeezed(joint, self.squeeze))
        if self.evidence is None:
            return nodes
        return torch.cat([nodes, functional.gelu(self.evidence(evidence))], dim=-1)

    def _squeezed(self, joint: Tensor, squeeze: nn.Linear) -> Tensor:
        """Return the reduced tokens, [B, N, squeeze]; whole channels are dropped in training."""
        weight = squeeze.weight * self.scale
        dropout = self.config.token_dropout
        if self.training and dropout > 0:
            kept = torch.rand(weight.shape[1], device=weight.device) >= dropout
            weight = weight * kept / (1.0 - dropout)
        parts = weight.split(joint.shape[-1], dim=1)
        sums = (functional.linear(stage, part) for stage, part in zip(joint, parts, strict=True))
        return sum(sums, start=squeeze.bias)


@dataclass(frozen=True, slots=True, eq=False)
class NodeLogits:
    """Log-odds of every patch being anomalous.

    Attributes:
        reasoned: After reasoning, [B, N].
        own: From the node's own visual evidence alone, [B, N]; None without evidence.
    """

    reasoned: Tensor
    own: Tensor | None


class HypergraphReasoner(nn.Module):
    """L layers of hypergraph convolution and the anomaly head. Source: H2VLR eq. 4 and 6.

    Args:
        config: Constants.
        joint: Channels of all compared stages together.
        visual: Channels of visual evidence.
        readings: Channels of evidence read in the joint space.
    """

    def __init__(self, config: GraphConfig, joint: int, visual: int, readings: int) -> None:
        super().__init__()
        self.config = config
        self.nodes = NodeFeatures(config, joint, visual + readings)
        width = config.width
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(config.layers))
        self.head = nn.Linear(width, config.head_width)
        self.decision = nn.Linear(config.head_width, 1)
        self.own: nn.Linear | None = None
        self.readings: nn.Linear | None = None
        if config.evidence:
            self.own = nn.Linear(visual, 1)
            self.own_gain = nn.Parameter(torch.ones(()))
            nn.init.zeros_(self.own.weight)
            nn.init.zeros_(self.own.bias)
        if readings > 0:
            self.readings = nn.Linear(readings, 1, bias=False)
            nn.init.zeros_(self.readings.weight)
        if config.base_skip:
            self.base_gain = nn.Parameter(torch.ones(()))
            nn.init.zeros_(self.decision.weight)
            nn.init.zeros_(self.decision.bias)

    def forward(
        self,
        joint: Tensor | None,
        visual: Tensor,
        readings: Tensor,
        graph: Hypergraph,
        start: Tensor,
    ) -> NodeLogits:
        """Return the log-odds of every patch being anomalous.

        Args:
            joint: Patches in the joint space, [S, B, N, J]; None where nodes hold no tokens.
            visual: Visual evidence, [B, N, E]; E may be 0.
            readings: Evidence read in the joint space, [B, N, R]; R may be 0.
            graph: Hypergraph of the batch.
            start: Map that ``base_skip`` adds, [B, N] in [0, 1]: the step of ``sghm``.

        Raises:
            ValueError: If shapes disagree.
        """
        batch, patches = start.shape
        if joint is not None:
            check_shape("joint", joint, (None, batch, patches, None))
        check_shape("visual", visual, (batch, patches, None))
        check_shape("readings", readings, (batch, patches, None))
        nodes = self.nodes(joint, torch.cat([visual, readings], dim=-1))
        operator = graph.operator(self.config.norm)
        for layer in self.layers:
            message = functional.relu(layer(propagate(nodes, operator)))
            message = functional.dropout(message, self.config.dropout, self.training)
            nodes = nodes + message if self.config.residual else message
        logits: Tensor = self.decision(functional.relu(self.head(nodes))).squeeze(-1).float()
        own: Tensor | None = None
        if self.own is not None:
            own = self.own(visual).squeeze(-1).float()
            logits = logits + self.own_gain * own.detach()  # it learns to stand alone
        if self.readings is not None:
            logits = logits + self.readings(readings).squeeze(-1).float()
        if self.config.base_skip:
            logits = logits + self.base_gain * log_odds(start)
        return NodeLogits(logits, own)


class SoftHistogramScore(nn.Module):
    """Soft Histogram Pooling and the MLP behind it. Source: H2VLR section 3.4.

    With ``base_skip`` an untrained head scores a picture by the top percent of its base map.
    """

    def __init__(self, config: ScoreConfig) -> None:
        super().__init__()
        self.config = config
        self.centres = nn.Parameter(torch.linspace(0.0, 1.0, config.bins))
        self.log_widths = nn.Parameter(torch.full((config.bins,), 1.0 / config.bins).log())
        inputs = config.bins + (2 if config.extras else 0)
        self.hidden = nn.Linear(inputs, config.hidden)
        self.decision = nn.Linear(config.hidden, 1)
        self.maps: nn.Linear | None = None
        if config.base_skip:
            nn.init.zeros_(self.decision.weight)
            nn.init.zeros_(self.decision.bias)
            self.maps = nn.Linear(SCORED_MAPS, 1, bias=False)
            with torch.no_grad():
                self.maps.weight.copy_(torch.tensor([[1.0] + [0.0] * (SCORED_MAPS - 1)]))

    def forward(self, fused: Tensor, scored: Tensor) -> Tensor:
        """Return the log-odds of each picture being anomalous, [B].

        Args:
            fused: M* of each picture, [B, P] in [0, 1].
            scored: Top-percent scores of base, visual, evidence and hypergraph map, [B, 4] in
                [0, 1].
        """
        parts = [soft_histogram(fused, self.centres, self.log_widths.exp())]
        if self.config.extras:
            top = top_percent_score(fused, self.config.top_percent)
            parts.append(torch.stack([fused.amax(dim=1), top], dim=1))
        hidden = functional.relu(self.hidden(torch.cat(parts, dim=1)))
        hidden = functional.dropout(hidden, self.config.dropout, self.training)
        logits: Tensor = self.decision(hidden).squeeze(-1)
        if self.maps is not None:
            logits = logits + self.maps(log_odds(scored)).squeeze(-1)
        return logits


class H2vlrNetwork(nn.Module):
    """Everything that H2VLR trains; the bridge of the joint space is kept beside it.

    ``dsi`` has the mapper alone; ``full`` adds reasoning and score.

    Args:
        config: Constants.
        variant: Step of the ladder.
        joint: Channels J of the joint space.
        embedding: Channels of a word embedding.
    """

    def __init__(self, config: H2vlrConfig, variant: Variant, joint: int, embedding: int) -> None:
        super().__init__()
        induction = config.induction
        self.mapper = Mapper(joint, induction.hidden, induction.slots, embedding)
        self.reasoner: HypergraphReasoner | None = None
        self.score: SoftHistogramScore | None = None
        if variant == "full":
            stages = len(induction.stages)
            widths = evidence_widths(config)
            self.reasoner = HypergraphReasoner(config.graph, joint * stages, *widths)
            self.score = SoftHistogramScore(config.score)
            if config.graph.direction:
                self.register_buffer("slope", torch.zeros(stages, joint))
                self.register_buffer("offset", torch.zeros(()))

    @property
    def direction(self) -> Direction | None:
        """The learned direction of the joint space; None without one."""
        slope, offset = getattr(self, "slope", None), getattr(self, "offset", None)
        if slope is None or offset is None:
            return None
        return Direction(slope, offset)

    def point(self, direction: Direction) -> None:
        """Take over a learned direction; without room for one nothing happens."""
        own = self.direction
        if own is not None:
            own.slope.copy_(direction.slope)
            own.offset.copy_(direction.offset)


def log_odds(probability: Tensor) -> Tensor:
    """Return ln(p / (1 - p)), any shape, bounded."""
    return torch.logit(probability, eps=_FLOOR)
