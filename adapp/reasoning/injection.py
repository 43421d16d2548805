"""Put expert tokens where the prompt has placeholders, without touching any position.

Placeholders are ordinary tokens, so the model's rotary positions, which it computes from token ids
and image grids, stay what they are; a hook on the embedding layer overwrites their rows. (Passing
``inputs_embeds`` to ``generate`` would lose the ids those positions come from.)
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def injected(embedding: nn.Module, placeholder: int, tokens: Tensor | None) -> Iterator[None]:
    """Overwrite the embeddings of ``placeholder`` by ``tokens`` while the context lasts.

    Args:
        embedding: The model's token embedding layer, ids [B, L] -> [B, L, D].
        placeholder: Token id whose rows are overwritten.
        tokens: What to put there in order, [count, D]; None or no rows leaves everything as it is.

    Raises:
        ValueError: From the forward pass, if a prompt has another number of placeholders.
    """
    if tokens is None or not len(tokens):
        yield
        return

    def overwrite(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
        ids = inputs[0]
        if ids.shape[-1] == 1:  # a token that was just written, not the prompt
            return None
        places = ids == placeholder
        found = int(places.sum())
        if found != len(tokens):
            msg = f"{found} placeholders for {len(tokens)} expert tokens"
            raise ValueError(msg)
        changed = output.clone()
        changed[places] = tokens.to(output.device, output.dtype)
        return changed

    handle = embedding.register_forward_hook(overwrite)
    try:
        yield
    finally:
        handle.remove()


def image_tokens(model: nn.Module, pixel_values: Tensor, grid: Tensor) -> Tensor:
    """Return the merged tokens of one picture in the language model's space, [h * w, D].

    Args:
        model: A Qwen2.5-VL model.
        pixel_values: Patches of that picture alone.
        grid: Its row of ``image_grid_thw``, [1, 3].
    """
    with torch.inference_mode():
        features = model.get_image_features(pixel_values, grid)  # type: ignore[operator] # a model's own method
    pooled: tuple[Tensor, ...] = getattr(features, "pooler_output", features)
    return pooled[0]
