import numpy as np
import pytest
import torch

from adapp.backbones.factory import create


@pytest.fixture(scope="module")
def backbone():
    return create("tiny", "raid", dtype="float32")


def _normals(count):
    """Return pictures of one patterned part under a little noise."""
    rng = np.random.default_rng(0)
    part = np.kron(rng.integers(90, 150, (14, 14, 3)), np.ones((16, 16, 1), int))
    noise = (rng.integers(-6, 7, part.shape) for _ in range(count))
    return [(part + shift).astype(np.uint8) for shift in noise]


def test_the_toy_is_the_same_in_every_load_whatever_the_global_seed(backbone):
    torch.manual_seed(12345)
    before = torch.random.get_rng_state()
    again = create("tiny", "raid", dtype="float32")
    assert torch.equal(torch.random.get_rng_state(), before)
    image = _normals(1)
    assert torch.equal(backbone.encode_rgb(image).patches, again.encode_rgb(image).patches)


def test_the_toy_has_the_embedded_encoders_form(backbone):
    features = backbone.encode_rgb(_normals(2))
    assert features.patches.shape == (4, 2, 64, 64)
    assert features.grid == (8, 8)
    assert (backbone.preset, backbone.stages, backbone.size) == ("tiny", (1, 2, 3, 4), 112)
    assert "tests only" in backbone.identity


@pytest.mark.parametrize("stage", range(4))
def test_the_toy_sees_a_planted_defect(backbone, stage):
    *support, query = _normals(5)
    query[100:130, 40:70] = (250, 20, 20)  # row 4, column 1 or 2 of the 8 x 8 grid of 28 px cells
    bank = backbone.encode_rgb(support).patches[stage].reshape(-1, 64)
    similarity = backbone.encode_rgb([query]).patches[stage, 0] @ bank.T
    worst = int(similarity.amax(dim=1).argmin())
    assert divmod(worst, 8) in {(3, 1), (3, 2), (4, 1), (4, 2)}
