"""Conv-Adapter and the image score's view of the whole map (eq. 11-12)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.methods.kanoclip.config import GlobalConfig
from adapp.methods.kanoclip.context import START, STRENGTH


class ConvAdapter(nn.Module):
    """Adjusts the global visual feature: a depthwise separable bottleneck over the last stage.

    The text and figure 4 name a convolution, which needs a grid; eq. 11 as printed has none. This
    is the former. Zero at first, so that an untrained adapter leaves the feature alone.

    Args:
        width: Channels of the joint space, J.
        config: Sizes.
    """

    def __init__(self, width: int, config: GlobalConfig) -> None:
        super().__init__()
        inner = width // config.reduction
        self.share = config.share
        self.norm = nn.LayerNorm(width)
        self.down = nn.Linear(width, inner)  # pointwise
        self.depthwise = nn.Conv2d(inner, inner, kernel_size=3, padding=1, groups=inner)
        self.up = nn.Linear(inner, width)  # pointwise
        _silence(self.up)

    def forward(self, pooled: Tensor, visual: Tensor, grid: tuple[int, int]) -> Tensor:
        """Return the adjusted global feature, [B, J] unit norm.

        Args:
            pooled: Global feature I_G in the joint space, [B, J].
            visual: Last stage's patches in the joint space, [B, N, J].
            grid: (h, w) with h * w = N.
        """
        inner = self.down(self.norm(visual)).transpose(1, 2)
        inner = inner.reshape(*inner.shape[:2], *grid)  # [B, C, h, w]
        # the mean commutes with the pointwise layer, so it comes first
        activated = functional.relu(self.depthwise(inner)).mean(dim=(2, 3))
        return _mixed(pooled, self.up(activated), self.share)


class LinearAdapter(nn.Module):
    """ReLU(LN(I_G) W_down) W_up, literally. Source: KAnoCLIP eq. 11."""

    def __init__(self, width: int, config: GlobalConfig) -> None:
        super().__init__()
        self.share = config.share
        self.norm = nn.LayerNorm(width)
        self.down = nn.Linear(width, width // config.reduction, bias=False)
        self.up = nn.Linear(width // config.reduction, width, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, pooled: Tensor, visual: Tensor, grid: tuple[int, int]) -> Tensor:  # noqa: ARG002 - same call as ConvAdapter
        """Return the adjusted global feature, [B, J] unit norm; see ``ConvAdapter``."""
        return _mixed(pooled, self.bottleneck(pooled), self.share)

    def bottleneck(self, pooled: Tensor) -> Tensor:
        """Return eq. 11 itself, [B, J]."""
        out: Tensor = self.up(functional.relu(self.down(self.norm(pooled))))
        return out


class MapReader(nn.Module):
    """Log-odds that a picture is anomalous, from how its map's values are distributed (D7).

    max(M) of eq. 12 sees one cell. This takes, of each map, a learned mean of its upper quantiles,
    weighed by a slope that is never negative: a map that is higher everywhere can only raise the
    score. Almost silent at first, so that an untrained score is eq. 12.

    Args:
        maps: Maps that are read.
        levels: Quantiles, ascending, in [0, 1].
    """

    levels: Tensor

    def __init__(self, maps: int, levels: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("levels", torch.tensor(levels), persistent=False)
        self.shares = nn.Parameter(torch.zeros(maps, len(levels)))
        self.roots = nn.Parameter(torch.full((maps,), START))
        self.offset = nn.Parameter(torch.zeros(()))

    def forward(self, maps: Tensor) -> Tensor:
        """Return log-odds, [B], for maps [B, maps, N]."""
        quantiles = torch.quantile(maps.float(), self.levels, dim=2)  # [levels, B, maps]
        weights = (10.0 * self.shares).softmax(dim=1)  # [maps, levels]
        heights = torch.einsum("lbm,ml->bm", quantiles, weights)
        told: Tensor = (heights * STRENGTH * self.roots.square()).sum(dim=1)
        return told + 10.0 * self.offset


def _silence(layer: nn.Module) -> None:
    """Set a layer's weights to zero, so that only what is beside it speaks at first."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def _mixed(pooled: Tensor, adapted: Tensor, share: float) -> Tensor:
    return functional.normalize((1.0 - share) * pooled + share * adapted, dim=-1)
