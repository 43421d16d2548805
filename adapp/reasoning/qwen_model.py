"""Qwen2.5-VL loaded: model, processor, and from a prompt to what the model takes."""

import importlib.util
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from transformers import (
    BitsAndBytesConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
)

from adapp.core.errors import ModelUnavailable, ReasonerUnavailable
from adapp.reasoning.chatml import PLACEHOLDER, chat_text
from adapp.reasoning.prompt import Prompt
from adapp.reasoning.qwen_weights import QwenFolder

_ROOM = 2 * 2**30  # bytes for pictures, prompt and cache beside the weights
_WHOLE = 1.05  # memory of bfloat16 weights over their size on disk
_FOUR_BIT = 0.4  # the same in 4 bits: tables and the vision tower stay in bfloat16


@dataclass(frozen=True, slots=True, eq=False)
class Qwen:
    """A loaded model.

    Attributes:
        model: ``Qwen2_5_VLForConditionalGeneration``, in evaluation mode, frozen. Like the
            processor untyped here: the library's annotations change between its releases.
        processor: Pictures and text to tensors.
        identity: Repository, arithmetic and device.
        placeholder: Token id that stands for an expert token.
    """

    model: Any
    processor: Any
    identity: str
    placeholder: int

    @property
    def width(self) -> int:
        """Channels of a token in the language model."""
        return int(self.model.get_input_embeddings().embedding_dim)

    @property
    def device(self) -> torch.device:
        """Where the prompt goes."""
        return torch.device(self.model.get_input_embeddings().weight.device)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A prompt as tensors.

    Attributes:
        inputs: What ``generate`` takes.
        query_pixels: Patches of the query picture alone.
        query_grid: Its row of ``image_grid_thw``, [1, 3].
    """

    inputs: dict[str, Tensor]
    query_pixels: Tensor
    query_grid: Tensor

    @property
    def length(self) -> int:
        """Tokens of the prompt."""
        return int(self.inputs["input_ids"].shape[1])


def wrap(model: Any, processor: Any, identity: str) -> Qwen:  # noqa: ANN401 - classes differ between releases
    """Return model and processor as one, after checking that the placeholder is one token.

    Raises:
        ModelUnavailable: If the vocabulary lacks it.
    """
    placeholder = processor.tokenizer.convert_tokens_to_ids(PLACEHOLDER)
    if processor.tokenizer.convert_ids_to_tokens(placeholder) != PLACEHOLDER:
        msg = f"{identity} has no token {PLACEHOLDER}: it is not a Qwen2.5-VL vocabulary"
        raise ModelUnavailable(msg)
    return Qwen(model.eval().requires_grad_(False), processor, identity, int(placeholder))


def load(folder: QwenFolder, *, four_bit: bool) -> Qwen:
    """Return the model in ``folder``, spread over the devices there are.

    Raises:
        ModelUnavailable: If its files cannot be read.
    """
    device_map = "auto" if torch.cuda.is_available() else "cpu"
    quantised = (
        BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
        if four_bit
        else None
    )
    try:
        processor = Qwen2_5_VLProcessor.from_pretrained(folder.path, local_files_only=True)
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder.path,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.bfloat16,
            device_map=device_map,
            attn_implementation="sdpa",
            quantization_config=quantised,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        msg = (
            f'{folder.path} cannot be loaded: fetch it again with "hf download {folder.repository}"'
        )
        raise ModelUnavailable(msg) from error
    arithmetic = "4 bit" if four_bit else "bfloat16"
    return wrap(model, processor, f"{folder.repository} ({arithmetic}, {model.device})")


def needs_four_bit(folder: QwenFolder, *, wish: bool | None) -> bool:
    """Return whether the weights go into 4 bits: as wished, or where they would not fit otherwise.

    Raises:
        ReasonerUnavailable: If they fit in neither way, or the library is missing.
    """
    library = importlib.util.find_spec("bitsandbytes") is not None and torch.cuda.is_available()
    return plan(folder.size, free_memory(), wish=wish, library=library)


def plan(size: int, free: int | None, *, wish: bool | None, library: bool) -> bool:
    """Return whether weights of ``size`` bytes go into 4 bits, given ``free`` bytes of GPU memory.

    Args:
        size: Bytes on disk, in bfloat16.
        free: Free bytes over all GPUs; None without one (then main memory decides by itself).
        wish: What was asked for; None leaves it open.
        library: Whether 4-bit weights can be held here.

    Raises:
        ReasonerUnavailable: If they fit in neither way, or the library is missing.
    """
    if wish and not library:
        msg = "4-bit weights need a GPU and the package bitsandbytes; leave 4 bits out"
        raise ReasonerUnavailable(msg)
    if free is None:
        return bool(wish)
    if not wish and size * _WHOLE + _ROOM <= free:
        return False
    if wish is not False and library and size * _FOUR_BIT + _ROOM <= free:
        return True
    msg = (
        f"the model needs {(size * _WHOLE + _ROOM) / 2**30:.0f} GB of GPU memory and "
        f"{free / 2**30:.0f} GB are free: take the 3B model, install bitsandbytes, or use a server"
    )
    raise ReasonerUnavailable(msg)


def free_memory() -> int | None:
    """Return the free bytes over all GPUs; None without one."""
    if not torch.cuda.is_available():
        return None
    return sum(torch.cuda.mem_get_info(device)[0] for device in range(torch.cuda.device_count()))


def prepare(qwen: Qwen, prompt: Prompt, *, min_pixels: int, max_pixels: int) -> Prepared:
    """Return ``prompt`` as tensors on the model's device.

    Raises:
        ValueError: If the prompt has no query picture.
    """
    pictures = prompt.pictures
    query = [picture.role for picture in pictures].index("query")
    batch = qwen.processor(
        text=[chat_text(prompt)],
        images=[Image.fromarray(picture.pixels) for picture in pictures],
        images_kwargs={"size": {"shortest_edge": min_pixels, "longest_edge": max_pixels}},
        return_tensors="pt",
    )
    inputs: dict[str, Tensor] = {name: value.to(qwen.device) for name, value in batch.items()}
    counts = inputs["image_grid_thw"].prod(dim=1).tolist()
    first = sum(counts[:query])
    return Prepared(
        inputs,
        query_pixels=inputs["pixel_values"][first : first + counts[query]],
        query_grid=inputs["image_grid_thw"][query : query + 1],
    )
