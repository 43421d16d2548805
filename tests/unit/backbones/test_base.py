import pytest
import torch

from adapp.backbones.base import ImageFeatures, TextFeatures, TextTokens


def test_features_keep_what_they_are_given():
    features = ImageFeatures(torch.zeros(2, 3, 6, 5), torch.zeros(3, 5), (2, 3))
    assert features.patches.shape[2] == features.grid[0] * features.grid[1]


@pytest.mark.parametrize(
    ("patches", "pooled", "grid"),
    [
        ((2, 3, 6, 5), (3, 5), (3, 3)),
        ((2, 3, 6, 5), (2, 5), (2, 3)),
        ((3, 6, 5), (3, 5), (2, 3)),
    ],
)
def test_contradicting_shapes_are_refused(patches, pooled, grid):
    with pytest.raises(ValueError, match=r"\[S, B, N, D\]"):
        ImageFeatures(torch.zeros(patches), torch.zeros(pooled), grid)


def test_a_picture_vector_may_have_a_width_of_its_own():
    features = ImageFeatures(torch.zeros(2, 3, 6, 5), torch.zeros(3, 4), (2, 3))
    assert features.pooled.shape == (3, 4)


def test_local_tokens_have_the_shape_of_the_patches():
    patches, pooled = torch.zeros(2, 3, 6, 5), torch.zeros(3, 5)
    assert ImageFeatures(patches, pooled, (2, 3), local=patches).local is patches
    with pytest.raises(ValueError, match="local must be"):
        ImageFeatures(patches, pooled, (2, 3), local=patches[:, :2])


@pytest.mark.parametrize("mask", [(2, 3), (2,), (2, 4, 5)])
def test_a_mask_that_does_not_fit_its_tokens_is_refused(mask):
    with pytest.raises(ValueError, match=r"mask \[T, L\]"):
        TextTokens(torch.zeros(2, 4, 5), torch.ones(mask, dtype=torch.bool))


def test_a_mask_is_bool():
    with pytest.raises(ValueError, match="bool"):
        TextTokens(torch.zeros(2, 4, 5), torch.ones(2, 4))


@pytest.mark.parametrize("pooled", [(3, 4), (2, 5), (3,)])
def test_contradicting_text_shapes_are_refused(pooled):
    with pytest.raises(ValueError, match=r"\[S, T, J\]"):
        TextFeatures(torch.zeros(2, 3, 5), torch.zeros(pooled))
