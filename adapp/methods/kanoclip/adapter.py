"""Conv-Adapter: what adjusts the global visual feature (eq. 11)."""

from torch import Tensor, nn
from torch.nn import functional

from adapp.methods.kanoclip.config import GlobalConfig


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


def _silence(layer: nn.Module) -> None:
    """Set a layer's weights to zero, so that only what is beside it speaks at first."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def _mixed(pooled: Tensor, adapted: Tensor, share: float) -> Tensor:
    return functional.normalize((1.0 - share) * pooled + share * adapted, dim=-1)
