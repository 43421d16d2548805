"""Reading a grid of cells between its cells: reference points and bilinear samples.

Convention: points are (x, y) in [-1, 1] over the grid's outer edges, so that the centre of cell
(row i, column j) of an h x w grid lies at ((2 j + 1) / w - 1, (2 i + 1) / h - 1).
"""

import torch
from torch import Tensor
from torch.nn import functional

from adapp.ops.checks import check_shape


def reference_points(rows: int, columns: int, like: Tensor) -> Tensor:
    """Return the centres of a ``rows`` x ``columns`` lattice, [rows * columns, 2], row-major.

    Dtype and device are those of ``like``.
    """
    y = (2.0 * torch.arange(rows, device=like.device, dtype=like.dtype) + 1.0) / rows - 1.0
    x = (2.0 * torch.arange(columns, device=like.device, dtype=like.dtype) + 1.0) / columns - 1.0
    grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([grid_x, grid_y], dim=-1).reshape(-1, 2)


def sample_cells(values: Tensor, points: Tensor) -> Tensor:
    """Return ``values`` [B, C, h, w] read bilinearly at ``points`` [B, K, 2], [B, C, K].

    Points outside read the nearest cell of the border.

    Raises:
        ValueError: If the shapes disagree.
    """
    check_shape("points", points, (values.shape[0], None, 2))
    sampled = functional.grid_sample(
        values, points.unsqueeze(2), mode="bilinear", padding_mode="border", align_corners=False
    )
    return sampled.squeeze(3)
