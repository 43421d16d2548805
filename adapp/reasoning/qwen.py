"""The local reasoner: Qwen2.5-VL with the detector's expert tokens, streamed, one answer at a time.

One loaded model serves all sessions. A lock gives it to one answer at a time; the answer's end,
a stop, a closed generator or a failure gives it back.
"""

import gc
import threading
from collections.abc import Callable, Generator
from contextlib import closing

import torch
from torch import Tensor

from adapp.core.errors import ReasonerUnavailable
from adapp.core.reasoner import ReasoningRequest, ReasoningUpdate, Source, never
from adapp.reasoning.config import LocalConfig
from adapp.reasoning.expert_tokens import ExpertTokens, create
from adapp.reasoning.generation import write
from adapp.reasoning.injection import image_tokens
from adapp.reasoning.narration import STOPPED, Ending, narrate
from adapp.reasoning.prompt import assemble
from adapp.reasoning.qwen_model import Prepared, Qwen, load, needs_four_bit, prepare
from adapp.reasoning.qwen_weights import QwenFolder
from adapp.reasoning.tiny_qwen import IDENTITY, load_tiny

_WAIT_S = 0.05
_SHRUNK = 4  # pictures get this many times fewer pixels when memory runs out


class LocalReasoner:
    """Answers with a Qwen2.5-VL on this machine; thread-safe."""

    def __init__(
        self, loader: Callable[[], Qwen], name: str, config: LocalConfig, licence: str = ""
    ) -> None:
        """Keep how to load the model; the first request loads it.

        Args:
            loader: Returns the loaded model.
            name: What the model is called before it is loaded.
            config: How it runs.
            licence: What its weights may be used for.
        """
        self._licence = licence
        self._loader = loader
        self._name = name
        self._config = config
        self._turn = threading.Lock()
        self._loaded: tuple[Qwen, ExpertTokens] | None = None

    @property
    def source(self) -> Source:
        """A model on this machine."""
        return "local_model"

    @property
    def model(self) -> str:
        """Repository, arithmetic and device; the repository alone before the model is loaded."""
        loaded = self._loaded
        return self._name if loaded is None else loaded[0].identity

    @property
    def in_memory(self) -> bool:
        """Whether the model occupies memory."""
        return self._loaded is not None

    def stream(
        self, request: ReasoningRequest, stop: Callable[[], bool] = never
    ) -> Generator[ReasoningUpdate, None, None]:
        """Yield the answer word by word; waits for its turn where another answer is running.

        Raises:
            ReasonerUnavailable: If the model does not fit into memory.
            ModelUnavailable: If its weights cannot be read.
        """
        pieces = self._pieces(request, stop)
        yield from narrate(
            pieces,
            request,
            source=self.source,
            model=lambda: self.model,
            licence=self._licence,
        )

    def close(self) -> None:
        """Let go of the model's memory once a running answer is done; a later one loads it anew."""
        with self._turn:
            self._loaded = None
            _release_memory()

    def _pieces(
        self, request: ReasoningRequest, stop: Callable[[], bool]
    ) -> Generator[str, None, Ending]:
        while not self._turn.acquire(timeout=_WAIT_S):
            if stop():
                return Ending(flags=(STOPPED,))
        try:
            if self._loaded is None:
                qwen = self._loader()
                self._loaded = (
                    qwen,
                    create(self._config.expert, qwen.width, self._config.expert_file),
                )
            return (yield from self._answered(*self._loaded, request, stop))
        except torch.OutOfMemoryError as error:
            _release_memory()
            msg = (
                "the GPU ran out of memory: close other programs, take the 3B model, "
                "or use a server"
            )
            raise ReasonerUnavailable(msg) from error
        finally:
            self._turn.release()

    def _answered(
        self, qwen: Qwen, expert: ExpertTokens, request: ReasoningRequest, stop: Callable[[], bool]
    ) -> Generator[str, None, Ending]:
        """Yield the answer; with smaller pictures if memory runs out before the first word."""
        most = self._config.max_pixels
        pieces = self._attempt(qwen, expert, request, most, stop)
        try:
            first = next(pieces)
        except StopIteration as finished:
            return finished.value  # type: ignore[no-any-return] # the generator's own return type
        except torch.OutOfMemoryError:
            _release_memory()
            return (yield from self._attempt(qwen, expert, request, most // _SHRUNK, stop))
        with closing(pieces):
            yield first
            return (yield from pieces)

    def _attempt(
        self,
        qwen: Qwen,
        expert: ExpertTokens,
        request: ReasoningRequest,
        max_pixels: int,
        stop: Callable[[], bool],
    ) -> Generator[str, None, Ending]:
        config = self._config
        prompt = assemble(request, config.prompt, expert=expert.parts(request))
        least = min(config.min_pixels, max_pixels)
        prepared = prepare(qwen, prompt, min_pixels=least, max_pixels=max_pixels)
        return (
            yield from write(
                qwen,
                prepared,
                expert_embeddings(qwen, expert, prepared, request),
                limit=config.choice_tokens if request.options else config.answer_tokens,
                deadline_s=config.deadline_s,
                stop=stop,
            )
        )


def expert_embeddings(
    qwen: Qwen, expert: ExpertTokens, prepared: Prepared, request: ReasoningRequest
) -> Tensor | None:
    """Return what goes into the prompt's placeholders, [count, D]; None if it has none."""
    if not expert.count or request.anomaly_map is None:
        return None
    tokens = image_tokens(qwen.model, prepared.query_pixels, prepared.query_grid)
    merge = int(qwen.model.config.vision_config.spatial_merge_size)
    _, rows, columns = (int(side) for side in prepared.query_grid[0])
    grid = (rows // merge, columns // merge)
    return expert.tokens(tokens, grid, torch.from_numpy(request.anomaly_map))


def local_reasoner(folders: tuple[QwenFolder, ...], config: LocalConfig) -> LocalReasoner:
    """Return a reasoner over the first of ``folders`` that fits into memory, not yet loaded.

    Raises:
        ReasonerUnavailable: If none of them fits.
    """
    for position, folder in enumerate(folders, start=1):
        try:
            four_bit = needs_four_bit(folder, wish=config.four_bit)
        except ReasonerUnavailable:
            if position == len(folders):
                raise
            continue
        return LocalReasoner(
            lambda chosen=folder, bits=four_bit: load(chosen, four_bit=bits),  # type: ignore[misc] # bound now
            folder.repository,
            config,
            folder.licence,
        )
    msg = "no folder of weights was given"
    raise ValueError(msg)


def tiny_reasoner(config: LocalConfig) -> LocalReasoner:
    """Return a reasoner over the toy model: the whole local path, for tests only."""
    return LocalReasoner(load_tiny, IDENTITY, config)


def _release_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
