"""Hierarchical sparse prompts (HSP): one dictionary a stage, coded anew for every picture."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.methods.adseeker.config import SparseConfig
from adapp.ops.sparse import lasso_objective, sparse_code

STRENGTH = 3.0
"""What the gates over tapped tokens are multiplied by; they move by about 1e-3 a step."""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """What a stage's dictionary makes of a batch.

    Attributes:
        queries: E_q, [B, D] unit norm.
        code: P, [B, K]; an atom whose code is exactly 0 takes no part in anything.
        atoms: E_l, [K, D] unit norm.
    """

    queries: Tensor
    code: Tensor
    atoms: Tensor

    @property
    def final(self) -> Tensor:
        """E_f, [B, D]. Source: ADSeeker eq. 8."""
        return self.code @ self.atoms

    @property
    def active(self) -> Tensor:
        """Whether an atom takes part, [B, K] bool."""
        return self.code != 0

    @property
    def tokens(self) -> Tensor:
        """The gated prompt tokens P_k * E_l[k], [B, K, D]."""
        return self.code.unsqueeze(2) * self.atoms

    def without(self, dropped: Tensor) -> "Coded":
        """Return it with no code at all for the pictures ``dropped`` [B] bool."""
        return Coded(self.queries, self.code * (~dropped).unsqueeze(1), self.atoms)

    def objective(self, sparsity: float) -> Tensor:
        """Return eq. 9 averaged over the batch, a scalar."""
        return lasso_objective(self.queries, self.code, self.atoms, sparsity).mean()


class SparseStage(nn.Module):
    """Linear layer, dictionary and unrolled sparse coding of one stage.

    Args:
        width: Channels of the tokens, D.
        config: Constants.
    """

    def __init__(self, width: int, config: SparseConfig) -> None:
        super().__init__()
        self.config = config
        self.linear = nn.Linear(width, width)
        with torch.no_grad():
            self.linear.weight.copy_(torch.eye(width))
            self.linear.bias.zero_()
        self.atoms = nn.Parameter(functional.normalize(torch.randn(config.atoms, width), dim=-1))

    def queries(self, pooled: Tensor) -> Tensor:
        """Return E_q for pooled tokens [B, D], unit norm."""
        return functional.normalize(self.linear(pooled), dim=-1)

    def forward(self, pooled: Tensor) -> Coded:
        """Return the code of pooled tokens [B, D]. Source: ADSeeker eq. 7-9.

        Queries and atoms have unit norm, or lambda would mean nothing.
        """
        queries = self.queries(pooled)
        atoms = functional.normalize(self.atoms, dim=-1)
        code = sparse_code(
            queries,
            atoms,
            sparsity=self.config.sparsity,
            steps=self.config.steps,
            descent=self.config.descent,
        )
        return Coded(queries, code, atoms)

    def start_from(self, pooled: Tensor) -> None:
        """Set the atoms to the queries of some pictures [P, D], evenly drawn from those given.

        A dictionary that starts at random is so far from every query that no code is alive.
        """
        if not len(pooled):
            return
        rows = torch.linspace(0, len(pooled) - 1, self.config.atoms).round().long()
        with torch.no_grad():
            drawn = self.queries(pooled[rows])
            noise = 0.1 * functional.normalize(torch.randn_like(drawn), dim=-1)
            self.atoms.copy_(functional.normalize(drawn + noise, dim=-1))


class TapReader(nn.Module):
    """Tapped tokens and prompts of one stage read the sparse tokens (D2: behind the encoder).

    A patch attends to the active tokens and to an empty one; an atom with no code is masked, and
    with no code at all nothing changes. What is read enters behind gates, one number for the
    patches and one for each prompt, zero at first. Full matrices in their place learned the
    training materials by heart.

    Args:
        temperature: Of the attention.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.gate = nn.Parameter(torch.zeros(()))
        self.text = nn.Parameter(torch.zeros(2))

    def attention(self, visual: Tensor, coded: Coded) -> Tensor:
        """Return the weight of every atom for every patch [B, N, J], [B, N, K].

        The rest up to 1 goes to the empty token.
        """
        scores = visual @ coded.atoms.T / self.temperature  # [B, N, K]
        scores = scores.masked_fill(~coded.active.unsqueeze(1), -torch.inf)
        empty = scores.new_zeros(*scores.shape[:2], 1)
        return torch.cat([empty, scores], dim=2).softmax(dim=2)[..., 1:]

    def forward(self, visual: Tensor, coded: Coded) -> tuple[Tensor, Tensor]:
        """Return unit patches after reading the tokens, [B, N, J], and the attention."""
        weights = self.attention(visual, coded)
        update = STRENGTH * self.gate * (weights @ coded.tokens)
        return functional.normalize(visual + update, dim=-1), weights

    def prompted(self, pair: Tensor, coded: Coded) -> Tensor:
        """Return a stage's prompts [B, 2, J] with E_f joined to them, unit norm."""
        joined = STRENGTH * self.text[:, None] * coded.final.unsqueeze(1)
        return functional.normalize(pair + joined, dim=-1)


def pooled_tokens(visual: Tensor, weights: Tensor) -> Tensor:
    """Return what stands out where the first pass looks, [S, B, J].

    The weighted mean of the tokens less their plain mean: the defect's features, not the part's.

    Args:
        visual: [S, B, N, J].
        weights: [B, N], summing to 1.
    """
    seen = torch.einsum("sbnj,bn->sbj", visual, weights)
    return seen - visual.mean(dim=2)


class TapPrompts(nn.Module):
    """HSP over the tapped tokens of a frozen encoder (embedded preset, D2).

    Args:
        stages: Tapped stages, S.
        width: Channels of the joint space, J.
        config: Constants.
    """

    def __init__(self, stages: int, width: int, config: SparseConfig) -> None:
        super().__init__()
        self.config = config
        self.stages = nn.ModuleList(SparseStage(width, config) for _ in range(stages))
        self.readers = nn.ModuleList(TapReader(config.temperature) for _ in range(stages))

    def codes(self, visual: Tensor, weights: Tensor) -> list[Coded]:
        """Return every stage's code; in training some pictures have none at any stage."""
        pooled = pooled_tokens(visual, weights)
        coded: list[Coded] = [stage(one) for stage, one in zip(self.stages, pooled, strict=True)]
        if not self.training or self.config.dropout == 0:
            return coded
        dropped = torch.rand(visual.shape[1], device=visual.device) < self.config.dropout
        return [one.without(dropped) for one in coded]

    def start_from(self, pooled: Tensor) -> None:
        """Set the dictionaries to features of training pictures, [S, P, J]."""
        for stage, drawn in zip(self.stages, pooled, strict=True):
            assert isinstance(stage, SparseStage)  # noqa: S101 - ModuleList forgets the type
            stage.start_from(drawn)
