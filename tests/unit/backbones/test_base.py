import pytest
import torch

from adapp.backbones.base import ImageFeatures


def test_features_keep_what_they_are_given():
    features = ImageFeatures(torch.zeros(2, 3, 6, 5), torch.zeros(3, 5), (2, 3))
    assert features.patches.shape[2] == features.grid[0] * features.grid[1]


@pytest.mark.parametrize(
    ("patches", "pooled", "grid"),
    [
        ((2, 3, 6, 5), (3, 5), (3, 3)),
        ((2, 3, 6, 5), (2, 5), (2, 3)),
        ((2, 3, 6, 5), (3, 4), (2, 3)),
    ],
)
def test_contradicting_shapes_are_refused(patches, pooled, grid):
    with pytest.raises(ValueError, match=r"\[S, B, N, D\]"):
        ImageFeatures(torch.zeros(patches), torch.zeros(pooled), grid)
