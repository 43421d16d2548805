"""Greedy generation in a thread, streamed piece by piece, ended from outside at any token."""

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor
from transformers import TextIteratorStreamer

from adapp.core.reasoner import TokenCount
from adapp.reasoning.injection import injected
from adapp.reasoning.narration import SHORTENED, STOPPED, Ending
from adapp.reasoning.qwen_model import Prepared, Qwen


def write(
    qwen: Qwen,
    prepared: Prepared,
    expert: Tensor | None,
    *,
    limit: int,
    deadline_s: float,
    stop: Callable[[], bool],
) -> Generator[str, None, Ending]:
    """Yield the answer's pieces; the next token after a stop, or after closing, is the last.

    Args:
        qwen: The model.
        prepared: The prompt.
        expert: Embeddings for the prompt's placeholders, [count, D]; None for none.
        limit: Longest answer in tokens.
        deadline_s: Seconds after which the answer ends.
        stop: Tells whether the user has stopped it.

    Raises:
        torch.OutOfMemoryError: If prompt or answer do not fit into memory.
    """
    streamer: Any = TextIteratorStreamer(
        qwen.processor.tokenizer, skip_prompt=True, skip_special_tokens=True
    )
    brake = _Brake(stop, time.monotonic() + deadline_s)

    def generate() -> Tensor:
        with injected(qwen.model.get_input_embeddings(), qwen.placeholder, expert):
            written: Tensor = qwen.model.generate(
                **prepared.inputs, **_settings(qwen, limit), streamer=streamer,
                stopping_criteria=[brake],
            )  # fmt: skip
        return written

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="adapp-qwen") as executor:
        running = executor.submit(generate)
        running.add_done_callback(lambda _: streamer.end())
        try:
            for piece in streamer:
                if piece:
                    yield piece
        finally:
            brake.pull()
    written = running.result()[0, prepared.length :].tolist()
    ended = bool(written) and written[-1] in _end_tokens(qwen)
    flags = [STOPPED] if brake.stopped else [SHORTENED] if not ended else []
    return Ending(TokenCount(prepared.length, len(written)), tuple(flags))


class _Brake:
    """Asked after every token whether writing should end."""

    def __init__(self, stop: Callable[[], bool], deadline: float) -> None:
        self._stop = stop
        self._deadline = deadline
        self._pulled = threading.Event()
        self.stopped = False

    def pull(self) -> None:
        """End the writing at the next token."""
        self._pulled.set()

    def __call__(self, ids: Tensor, _scores: Any, **_: Any) -> Tensor:  # noqa: ANN401 - as generate calls it
        self.stopped = self.stopped or self._stop()
        late = time.monotonic() > self._deadline
        over = self.stopped or late or self._pulled.is_set()
        return torch.full((ids.shape[0],), over, device=ids.device, dtype=torch.bool)


def _settings(qwen: Qwen, limit: int) -> dict[str, Any]:
    """Return the settings of greedy generation; a placeholder is never written."""
    suppressed = qwen.model.generation_config.suppress_tokens or []
    return {
        "max_new_tokens": limit,
        "do_sample": False,
        "temperature": None,
        "top_p": None,
        "top_k": None,
        "suppress_tokens": [*suppressed, qwen.placeholder],
    }


def _end_tokens(qwen: Qwen) -> set[int]:
    ends = qwen.model.generation_config.eos_token_id
    return set(ends) if isinstance(ends, list) else {int(ends)}
