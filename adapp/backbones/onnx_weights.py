"""DINOv2 weights read out of an exported ONNX graph, without an ONNX runtime."""

import re
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

ENCODER = "backbone."
_ATTENTION = {
    "attention.attention.query": "attention.q_proj",
    "attention.attention.key": "attention.k_proj",
    "attention.attention.value": "attention.v_proj",
    "attention.output.dense": "attention.o_proj",
}
_CLS_POSITION_SHAPE = (1, 1)


def read_dinov2(path: Path, decoder_prefix: str) -> dict[str, Tensor]:
    """Return the encoder's state dict under the names of ``transformers.Dinov2Model``.

    Biases, norms, layer scales, patch projection and CLS token carry their names in the graph.
    The linear weights are anonymous constants: each is named after the ``MatMul`` node it feeds
    and stored transposed. The position table is cut in two constants that the graph joins.

    Args:
        path: The ONNX file.
        decoder_prefix: Initializers with this prefix belong to a head that is left out.

    Raises:
        ValueError: If an initializer of the encoder is left over or used twice.
    """
    graph = onnx.load(path).graph
    tensors = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    tensors = {name: t for name, t in tensors.items() if not name.startswith(decoder_prefix)}
    state: dict[str, Tensor] = {}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in tensors:
            name = node.name.strip("/").removesuffix("/MatMul").replace("/", ".")
            state[_renamed(f"{name}.weight")] = tensors.pop(node.input[1]).T.contiguous()
    positions = [name for name in tensors if not name.startswith(ENCODER)]
    state["embeddings.position_embeddings"] = _joined([tensors.pop(name) for name in positions])
    for name, tensor in tensors.items():
        state[_renamed(name)] = tensor
    return state


def _renamed(name: str) -> str:
    """Return the graph's ``backbone.encoder.layer.N...`` name as transformers writes it."""
    name = name.removeprefix(ENCODER)
    for old, new in _ATTENTION.items():
        name = name.replace(f".{old}.", f".{new}.")
    return re.sub(r"^backbone\.", "", name)


def _joined(parts: list[Tensor]) -> Tensor:
    """Return the position table [1, 1 + M, D] from its CLS part and its patch part."""
    shapes = sorted((tuple(part.shape) for part in parts), key=lambda shape: shape[1:])
    if len(parts) != 2 or shapes[0][:2] != _CLS_POSITION_SHAPE:
        msg = f"expected a CLS and a patch position constant, found {shapes}"
        raise ValueError(msg)
    return torch.cat(sorted(parts, key=lambda part: part.shape[1]), dim=1)
