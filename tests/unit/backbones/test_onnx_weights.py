import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from adapp.backbones.onnx_weights import read_dinov2

WIDTH = 4
BLOCK = "/backbone/encoder/layer.0"


def _constants(rng):
    """Return initializers as the exporter writes them: linear weights and positions nameless."""
    shapes = {
        "backbone.embeddings.cls_token": (1, 1, WIDTH),
        "backbone.encoder.layer.0.attention.attention.query.bias": (WIDTH,),
        "onnx::Concat_1": (1, 1, WIDTH),
        "onnx::Reshape_2": (1, 9, WIDTH),
        "onnx::MatMul_3": (WIDTH, WIDTH),
        "onnx::MatMul_4": (WIDTH, 2 * WIDTH),
        "decoder.conv.weight": (2, 2),
    }
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def _write(path, constants):
    nodes = [
        helper.make_node(
            "MatMul",
            ["x", "onnx::MatMul_3"],
            ["q"],
            name=f"{BLOCK}/attention/attention/query/MatMul",
        ),
        helper.make_node("MatMul", ["q", "onnx::MatMul_4"], ["y"], name=f"{BLOCK}/mlp/fc1/MatMul"),
        helper.make_node("MatMul", ["q", "y"], ["z"], name=f"{BLOCK}/attention/attention/MatMul"),
    ]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, WIDTH])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph), path)


@pytest.fixture
def constants():
    return _constants(np.random.default_rng(0))


def test_every_tensor_gets_the_librarys_name(tmp_path, constants):
    _write(tmp_path / "toy.onnx", constants)
    state = read_dinov2(tmp_path / "toy.onnx", "decoder.")
    expected = {
        "embeddings.cls_token": constants["backbone.embeddings.cls_token"],
        "encoder.layer.0.attention.q_proj.bias": constants[
            "backbone.encoder.layer.0.attention.attention.query.bias"
        ],
        "encoder.layer.0.attention.q_proj.weight": constants["onnx::MatMul_3"].T,
        "encoder.layer.0.mlp.fc1.weight": constants["onnx::MatMul_4"].T,
        "embeddings.position_embeddings": np.concatenate(
            [constants["onnx::Concat_1"], constants["onnx::Reshape_2"]], axis=1
        ),
    }
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[k], torch.from_numpy(v.copy())) for k, v in expected.items())


@pytest.mark.parametrize("name", ["onnx::Concat_1", "onnx::Reshape_2"])
def test_a_missing_position_constant_is_refused(tmp_path, constants, name):
    del constants[name]
    _write(tmp_path / "toy.onnx", constants)
    with pytest.raises(ValueError, match="position constant"):
        read_dinov2(tmp_path / "toy.onnx", "decoder.")


def test_a_nameless_constant_too_many_is_refused(tmp_path, constants):
    constants["onnx::Add_9"] = np.zeros((1, 1), np.float32)
    _write(tmp_path / "toy.onnx", constants)
    with pytest.raises(ValueError, match="position constant"):
        read_dinov2(tmp_path / "toy.onnx", "decoder.")
