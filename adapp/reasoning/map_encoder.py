"""A small trained encoder from an anomaly map to tokens of a language model.

Five convolutions halve the map from 224 px to 7 x 7, one more reduces it to 3 x 3 = 9 tokens;
five base tokens are learned as they are. Source: AnomalyGPT's prompt learner, as ADSeeker's
figure 3 has a network in this place without describing it.
"""

import itertools
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from adapp.core.errors import CheckpointMismatch

SIDE = 224
WIDTHS = (4, 16, 64, 256, 1024)
_FIELDS = 9
_BASE = 5


class MapEncoder(nn.Module):
    """Maps [B, 1, H, W] in [0, 1] -> tokens [B, 14, D]."""

    def __init__(self, width: int, widths: tuple[int, ...] = WIDTHS) -> None:
        """Lay out untrained layers.

        Args:
            width: Channels D of the language model.
            widths: Channels of the five convolutions.
        """
        super().__init__()
        channels = (1, *widths)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(channels):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.widths = widths
        self.body = nn.Sequential(*layers)
        self.head = nn.Conv2d(channels[-1], width, SIDE // 2 ** len(widths) - 2)
        self.base = nn.Parameter(torch.randn(_BASE, width) * width**-0.5)

    def forward(self, maps: Tensor) -> Tensor:
        """Return nine tokens of the map, row-major, and the five base tokens, [B, 14, D]."""
        square = functional.interpolate(maps, (SIDE, SIDE), mode="bilinear", antialias=True)
        fields = self.head(self.body(square)).flatten(2).transpose(1, 2)  # [B, 9, D]
        return torch.cat([fields, self.base.expand(len(maps), -1, -1)], dim=1)


def save_map_encoder(encoder: MapEncoder, path: Path) -> None:
    """Write the encoder with its sizes to ``path``."""
    state = {name: tensor.contiguous() for name, tensor in encoder.state_dict().items()}
    save_file(state, path, metadata={"widths": ",".join(map(str, encoder.widths))})


def load_map_encoder(path: Path, width: int) -> MapEncoder:
    """Return the encoder in ``path``.

    Raises:
        CheckpointMismatch: If the file cannot be read or does not fit the model.
    """
    try:
        with safe_open(path, framework="pt") as file:
            widths = tuple(int(part) for part in (file.metadata() or {})["widths"].split(","))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        encoder = MapEncoder(width, widths)
        encoder.load_state_dict(state, strict=True)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        msg = f"{path.name} is not a map encoder for a model of {width} channels; train one for it"
        raise CheckpointMismatch(msg) from error
    return encoder
