import urllib.error
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from adapp.backbones import clip, clip_weights
from adapp.backbones.clip_model import _meta, architecture, build_clip, check_activation
from adapp.backbones.factory import create, create_joint
from adapp.backbones.storage import file_sha256
from adapp.core.errors import ModelUnavailable, UsageError
from adapp.core.settings import Settings
from tests.unit.backbones import toys

ASSET = "vit_b_16_plus_240-laion400m_e32-699c4b84.pt"
REPOSITORY = "timm/vit_base_patch16_plus_clip_240.laion400m_e31"


@pytest.fixture(scope="module")
def state():
    return toys.toy_clip().state_dict()


@pytest.fixture(autouse=True)
def _toy_in_its_place(monkeypatch, tmp_path):
    """Let the name of H2VLR's encoder mean the toy, on a machine that holds no weights."""
    monkeypatch.setattr(clip, "architecture", lambda _name: toys.TOY_CLIP)
    monkeypatch.setitem(
        clip.PUBLISHED, "h2vlr", replace(clip.PUBLISHED["h2vlr"], size=64, stages=(1, 3, 4))
    )
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def _settings(tmp_path, **changes):
    return Settings(cache_dir=tmp_path / "cache", **({"weights_dir": tmp_path / "own"} | changes))


def _asset(folder, state, monkeypatch):
    """Write the release asset with a hash that it is known by."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ASSET
    torch.save({"epoch": 32, "state_dict": {f"module.{k}": v for k, v in state.items()}}, path)
    source = clip.PUBLISHED["h2vlr"].source
    known = replace(source, asset=replace(source.asset, sha256=file_sha256(path)[:8]))
    monkeypatch.setitem(clip.PUBLISHED, "h2vlr", replace(clip.PUBLISHED["h2vlr"], source=known))
    return path


def _hub(tmp_path, state):
    """Write the repository's file as a download leaves it."""
    kept = tmp_path / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
    snapshot = kept / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    save_file(
        {k: v.contiguous() for k, v in state.items()}, snapshot / "open_clip_model.safetensors"
    )
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("a" * 40)


@pytest.mark.parametrize(
    "folder", ["own", "own/ViT-B-16-plus-240", "cache/weights", "home/.cache/clip"]
)
def test_the_asset_is_epoch_32_wherever_it_lies(tmp_path, state, monkeypatch, folder):
    path = _asset(tmp_path / folder, state, monkeypatch)
    backbone = create("paper", "h2vlr", settings=_settings(tmp_path), dtype="float32", device="cpu")
    sha256 = file_sha256(path)[:12]
    assert backbone.identity == f"open_clip ViT-B-16-plus-240, laion400m_e32 (sha256 {sha256})"
    expected = toys.clip(stages=(1, 3, 4)).encode_images(toys.pixels(height=64, width=64))
    found = backbone.encode_images(toys.pixels(height=64, width=64))
    assert torch.equal(found.patches, expected.patches)
    assert (backbone.preset, backbone.size) == ("paper", 64)


def test_what_the_hub_serves_as_epoch_32_is_called_epoch_31(tmp_path, state, caplog):
    _hub(tmp_path, state)
    settings = _settings(tmp_path, weights_dir=None)
    image = create("paper", "h2vlr", settings=settings, device="cpu")
    joint = create_joint("paper", "h2vlr", bridge=None, settings=settings, device="cpu")
    assert "laion400m_e31 (sha256" in image.identity
    assert image.identity == joint.identity
    assert "holds laion400m_e31, not laion400m_e32" in caplog.text


def test_the_asset_is_preferred_to_the_hub(tmp_path, state, monkeypatch):
    _hub(tmp_path, state)
    _asset(tmp_path / "cache" / "weights", state, monkeypatch)
    backbone = create("paper", "h2vlr", settings=_settings(tmp_path), device="cpu")
    assert "laion400m_e32 (sha256" in backbone.identity


def test_a_file_of_unknown_release_says_so(tmp_path, state):
    (tmp_path / "own").mkdir()
    torch.save(dict(state), tmp_path / "own" / "open_clip_pytorch_model.bin")
    backbone = create("paper", "h2vlr", settings=_settings(tmp_path), device="cpu")
    assert "release not checked" in backbone.identity


def test_a_damaged_asset_is_refused(tmp_path, state, monkeypatch):
    path = _asset(tmp_path / "own", state, monkeypatch)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ModelUnavailable, match=r"damaged.*v0\.2-weights"):
        create("paper", "h2vlr", settings=_settings(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"not weights"])
@pytest.mark.parametrize("name", clip_weights.HUB_FILES)
def test_a_file_that_holds_no_weights_is_refused(tmp_path, name, content):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / name).write_bytes(content)
    with pytest.raises(ModelUnavailable, match="get them again"):
        create("paper", "h2vlr", settings=_settings(tmp_path))


def test_a_pickle_without_tensors_is_refused(tmp_path):
    (tmp_path / "own").mkdir()
    torch.save(["nothing"], tmp_path / "own" / "open_clip_pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="holds no weights"):
        create("paper", "h2vlr", settings=_settings(tmp_path))


def test_weights_in_half_precision_are_widened(state):
    half = {k: v.half() if k.startswith("visual") else v for k, v in state.items()}
    model = build_clip(toys.TOY_CLIP, half | {"logit_scale": torch.ones(1)}, "laion400m_e32")
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("change", ["missing", "left over", "shape"])
def test_weights_of_another_network_are_refused(state, change):
    wrong = dict(state)
    if change == "missing":
        del wrong["visual.proj"]
    elif change == "left over":
        wrong["visual.extra"] = torch.zeros(1)
    else:
        wrong["visual.proj"] = torch.zeros(32, 25)
    with pytest.raises(ModelUnavailable, match=r"not those of toy \(.*visual"):
        build_clip(toys.TOY_CLIP, wrong, "laion400m_e32")


def test_quickgelu_weights_under_another_activation_are_refused():
    plain = _meta(architecture("ViT-L-14-336"))
    with pytest.raises(ModelUnavailable, match="use the configuration ViT-L-14-336-quickgelu"):
        check_activation(plain, "ViT-L-14-336", "openai")


def test_gelu_weights_under_quickgelu_are_refused(state):
    with pytest.raises(ModelUnavailable, match=r"use the configuration toy$"):
        build_clip(toys.TOY_QUICK_CLIP, state, "laion400m_e32")


@pytest.mark.parametrize("method", ["h2vlr", "kanoclip", "adseeker"])
def test_the_published_configurations_have_the_right_activation(method):
    source = clip.PUBLISHED[method].source
    model = _meta(architecture(source.name))
    check_activation(model, source.name, source.tag)
    assert len(model.visual.transformer.resblocks) in {12, 24}


def test_an_unknown_configuration_is_told():
    with pytest.raises(ModelUnavailable, match="pip install -U open_clip_torch"):
        architecture("ViT-B-17")


def test_absent_weights_are_told_with_the_way_to_get_them(tmp_path):
    wanted = (
        rf"paper preset of h2vlr.*--method h2vlr --preset paper --download.*ADAPP_WEIGHTS.*{ASSET}"
    )
    with pytest.raises(ModelUnavailable, match=wanted):
        create("paper", "h2vlr", settings=_settings(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"kanoclip.*open_clip_model\.safetensors"):
        create_joint("paper", "kanoclip", bridge=None, settings=_settings(tmp_path))


def test_a_download_fetches_the_asset_and_checks_it(tmp_path, state, monkeypatch):
    asset = _asset(tmp_path / "away", state, monkeypatch)
    asked = []

    def fetch(url, target, hash_prefix):
        asked.append((url.rpartition("/")[2], hash_prefix))
        asset.rename(target)

    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    sha256 = file_sha256(asset)
    for download in (True, False):
        backbone = create("paper", "h2vlr", settings=_settings(tmp_path), download=download)
        assert f"laion400m_e32 (sha256 {sha256[:12]}" in backbone.identity
    assert asked == [(ASSET, sha256[:8])]


def test_a_download_without_network_is_told(tmp_path, monkeypatch, caplog):
    def fail(*_, **__):
        raise urllib.error.URLError(OSError())

    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(ModelUnavailable, match="could not be downloaded"):
        create("paper", "h2vlr", settings=_settings(tmp_path), download=True)
    assert "trying the hub" in caplog.text


def test_nothing_is_fetched_unasked(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("fetched"))
    with pytest.raises(ModelUnavailable, match="not on this machine"):
        create("paper", "h2vlr", settings=_settings(tmp_path))


def test_the_paper_encoder_of_raid_reads_no_text():
    with pytest.raises(UsageError, match="h2vlr, kanoclip, adseeker"):
        create_joint("paper", "raid", bridge=None)
