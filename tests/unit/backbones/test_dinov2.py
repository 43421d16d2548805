import json
import shutil

import pytest
import torch
from torch.nn import functional
from transformers import Dinov2Config, Dinov2Model

from adapp.backbones.dinov2 import encoder_side, local_folder
from adapp.backbones.factory import create
from adapp.backbones.preprocess import whiten
from adapp.core.errors import ModelUnavailable, UsageError
from adapp.core.settings import Settings


def _save(folder, **changes):
    """Write a DINOv2-S with random weights, in the layout the hub serves."""
    torch.manual_seed(0)
    shape = {"hidden_size": 384, "num_attention_heads": 6, "image_size": 518} | changes
    model = Dinov2Model(Dinov2Config(**shape)).eval()
    model.save_pretrained(folder)
    return model


@pytest.fixture(scope="module")
def weights_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    _save(folder / "facebook" / "dinov2-small")
    return folder


@pytest.fixture(scope="module")
def backbone(weights_dir):
    return create("paper", "raid", dtype="float32", settings=Settings(weights_dir=weights_dir))


@pytest.fixture
def _empty_hub(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def hub(monkeypatch, tmp_path, weights_dir):
    """Return a snapshot folder in a hub cache as a download leaves it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    kept = tmp_path / "models--facebook--dinov2-small"
    snapshot = kept / "snapshots" / ("a" * 40)
    shutil.copytree(weights_dir / "facebook" / "dinov2-small", snapshot)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("a" * 40)
    return snapshot


def test_the_encoder_is_what_it_says(backbone):
    assert (backbone.stages, backbone.width, backbone.preset) == ((12,), 384, "paper")
    assert (backbone.size, backbone.grid) == (256, (32, 32))
    assert backbone.identity.startswith("facebook/dinov2-small (sha256 ")


def test_patches_are_the_normed_last_layer_at_448_px(backbone, weights_dir):
    pixels = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(1))
    large = functional.interpolate(pixels, (448, 448), mode="bilinear", align_corners=False)
    model = Dinov2Model.from_pretrained(weights_dir / "facebook" / "dinov2-small").eval()
    with torch.no_grad():
        expected = functional.normalize(model(whiten(large)).last_hidden_state, dim=-1)
    features = backbone.encode_images(pixels)
    assert torch.allclose(features.patches[0], expected[:, 1:], atol=1e-5)
    assert torch.allclose(features.pooled, expected[:, 0], atol=1e-5)


@pytest.mark.parametrize(("size", "side"), [(224, 448), (256, 448), (448, 448), (449, 462)])
def test_larger_pictures_are_never_reduced(size, side):
    assert encoder_side(size) == side


@pytest.mark.parametrize(
    "name", ["facebook/dinov2-small", "dinov2-small", "facebook--dinov2-small", "."]
)
def test_a_brought_along_folder_may_be_named_in_four_ways(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    assert local_folder(tmp_path) is None
    (folder / "model.safetensors").write_bytes(b"")
    assert local_folder(tmp_path) == folder


@pytest.mark.usefixtures("hub")
def test_the_hub_cache_is_found_without_network(backbone):
    found = create("paper", "raid", settings=Settings(weights_dir=None))
    assert found.identity == backbone.identity


def test_a_snapshot_without_weights_counts_as_absent(hub):
    (hub / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="--download"):
        create("paper", "raid", settings=Settings(weights_dir=None))


@pytest.mark.usefixtures("_empty_hub")
def test_absent_weights_are_told_with_the_way_to_get_them():
    with pytest.raises(ModelUnavailable, match=r"facebook/dinov2-small.*--download.*ADAPP_WEIGHTS"):
        create("paper", "raid", settings=Settings(weights_dir=None))


@pytest.mark.usefixtures("_empty_hub")
def test_a_download_without_network_is_told():
    with pytest.raises(ModelUnavailable, match="could not be downloaded"):
        create("paper", "raid", settings=Settings(weights_dir=None), download=True)


def test_another_architecture_under_the_name_is_refused(tmp_path):
    _save(tmp_path / "dinov2-small", num_hidden_layers=2)
    with pytest.raises(ModelUnavailable, match="num_hidden_layers"):
        create("paper", "raid", settings=Settings(weights_dir=tmp_path))


def test_a_config_that_fits_over_weights_that_do_not_is_refused(tmp_path):
    folder = tmp_path / "dinov2-small"
    _save(folder, num_hidden_layers=2)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 12}))
    with pytest.raises(ModelUnavailable, match="does not hold a complete DINOv2-S"):
        create("paper", "raid", settings=Settings(weights_dir=tmp_path))


def test_damaged_weights_are_told(tmp_path):
    folder = tmp_path / "dinov2-small"
    _save(folder, num_hidden_layers=1)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        create("paper", "raid", settings=Settings(weights_dir=tmp_path))


def test_a_size_out_of_bounds_is_refused(weights_dir):
    with pytest.raises(UsageError, match="out of bounds"):
        create("paper", "raid", size=8, settings=Settings(weights_dir=weights_dir))
