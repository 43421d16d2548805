"""Qwen2.5-VL at toy width with random weights and a vocabulary of bytes: for tests only.

The same classes, chat format, picture tokens and generation as the published model; its answers
are small letters without sense, the same in every process.
"""

import string

import torch
from tokenizers import pre_tokenizers
from transformers import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2Tokenizer,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
)

from adapp.reasoning.qwen_model import Qwen, wrap

IDENTITY = "tiny: Qwen2.5-VL, width 32, 2 blocks, random weights (seed 0), for tests only"
SEED = 0
WIDTH = 32
_END, _PAD = "<|im_end|>", "<|endoftext|>"
_VISION = ("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>")
_SPECIAL = (_PAD, "<|im_start|>", _END, *_VISION, "<|fim_pad|>")
_LETTERS = string.ascii_lowercase
_SPACE = "Ġ"  # the byte-level name of a space
_WRITTEN = frozenset({*_LETTERS, *(_SPACE + letter for letter in _LETTERS), _END})


def load_tiny() -> Qwen:
    """Return the toy model; no global random state is changed."""
    vocabulary = _vocabulary()
    tokenizer = Qwen2Tokenizer(
        vocab=vocabulary,
        merges=[(_SPACE, letter) for letter in _LETTERS],  # type: ignore[misc] # it takes pairs
        eos_token=_END,
        pad_token=_PAD,
        extra_special_tokens=list(_SPECIAL[3:]),
    )
    processor = Qwen2_5_VLProcessor(  # type: ignore[no-untyped-call]
        image_processor=Qwen2VLImageProcessor(),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = Qwen2_5_VLForConditionalGeneration(_config(vocabulary))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(8.0)  # the library's small start would drown the pictures
    settings = model.generation_config
    settings.no_repeat_ngram_size = 3  # else a greedy toy soon writes one letter for ever
    settings.suppress_tokens = [
        number for word, number in vocabulary.items() if word not in _WRITTEN
    ]
    return wrap(model, processor, IDENTITY)


def _vocabulary() -> dict[str, int]:
    starts = (_SPACE + letter for letter in _LETTERS)
    words = (*sorted(pre_tokenizers.ByteLevel.alphabet()), *starts, *_SPECIAL)
    return {word: number for number, word in enumerate(words)}


def _config(vocabulary: dict[str, int]) -> Qwen2_5_VLConfig:
    text = {
        "vocab_size": len(vocabulary),
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 32768,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "mrope_section": [1, 1, 2],
        },
        "bos_token_id": vocabulary[_PAD],
        "eos_token_id": vocabulary[_END],
        "pad_token_id": vocabulary[_PAD],
    }
    vision = {
        "depth": 2,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_heads": 2,
        "out_hidden_size": WIDTH,
        "window_size": 56,
        "fullatt_block_indexes": [1],
    }
    return Qwen2_5_VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=vocabulary["<|image_pad|>"],
        video_token_id=vocabulary["<|video_pad|>"],
        vision_start_token_id=vocabulary["<|vision_start|>"],
        vision_end_token_id=vocabulary["<|vision_end|>"],
    )
