"""Reading a grid between its cells: convention, values, border, gradient."""

import pytest
import torch

from adapp.ops.sampling import reference_points, sample_cells


def grid(rows, columns):
    """Return one picture whose value is 10 * row + column, [1, 1, rows, columns]."""
    values = 10.0 * torch.arange(rows)[:, None] + torch.arange(columns)
    return values[None, None].double()


def test_reference_points_are_the_cells_centres_row_by_row():
    values = grid(3, 5)
    points = reference_points(3, 5, values)
    assert points.shape == (15, 2)
    assert points.dtype == torch.float64
    read = sample_cells(values, points[None])
    torch.testing.assert_close(read[0, 0], values.flatten())


def test_a_point_between_cells_reads_their_mean():
    values = grid(2, 4)
    # halfway between columns 1 and 2 of row 0: x = (2 * 1.5 + 1) / 4 - 1
    point = torch.tensor([[[0.0, -0.5]]], dtype=torch.float64)
    assert sample_cells(values, point).item() == pytest.approx(1.5)


def test_points_outside_read_the_border():
    values = grid(3, 3)
    far = torch.tensor([[[-9.0, -9.0], [9.0, 9.0]]], dtype=torch.float64)
    assert sample_cells(values, far).flatten().tolist() == [0.0, 22.0]


def test_channels_and_pictures_keep_apart():
    values = torch.stack([grid(3, 3)[0], 100 + grid(3, 3)[0]]).repeat(1, 2, 1, 1)
    values[:, 1] *= -1
    points = reference_points(1, 1, values).expand(2, 1, 2)
    assert sample_cells(values, points).flatten().tolist() == [11.0, -11.0, 111.0, -111.0]


def test_gradient_reaches_values_and_points():
    values = torch.randn(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    points = 0.6 * torch.rand(1, 3, 2, dtype=torch.float64) - 0.25
    points.requires_grad_()
    assert torch.autograd.gradcheck(sample_cells, (values, points), eps=1e-6, atol=1e-5)


def test_shapes_that_disagree_are_named():
    with pytest.raises(ValueError, match="points has shape"):
        sample_cells(grid(2, 2), torch.zeros(2, 1, 2, dtype=torch.float64))
