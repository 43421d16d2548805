"""Which reasoner answers: local model, server or the evidence alone, and why.

Light to import: torch is loaded only where a local model is considered.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol, TypeAlias

from adapp.core.errors import AdappError, ModelUnavailable, ReasonerUnavailable, UsageError
from adapp.core.reasoner import (
    Reasoner,
    ReasoningRequest,
    ReasoningUpdate,
    Source,
    never,
)
from adapp.core.settings import Settings
from adapp.reasoning.config import LocalConfig
from adapp.reasoning.evidence import EvidenceReasoner
from adapp.reasoning.qwen_weights import QwenSize, find
from adapp.reasoning.server import ServerReasoner
from adapp.reasoning.server_config import URL_VARIABLE, from_environment

ReasonerName: TypeAlias = Literal["auto", "local", "server", "evidence"]
REASONERS: Final[tuple[ReasonerName, ...]] = ("auto", "local", "server", "evidence")


@dataclass(frozen=True, slots=True)
class ReasonerOptions:
    """What decides which reasoner answers.

    Attributes:
        base_url: Server given by the user; None takes ``ADAPP_REASONER_URL``.
        settings: Folders to look in; None reads the environment.
        local: How a local model runs.
        size: Which local model; ``auto`` takes the largest that is there and fits.
        download: Whether absent weights may be fetched; only for ``local`` asked for by name.
    """

    base_url: str | None = None
    settings: Settings | None = None
    local: LocalConfig = field(default_factory=LocalConfig)
    size: QwenSize | Literal["auto"] = "auto"
    download: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The reasoner that will answer, and one sentence on why it is this one."""

    reasoner: Reasoner
    why: str


class FallbackReasoner:
    """Asks reasoners in order until one has a word to say; says in the answer who was skipped."""

    def __init__(self, reasoners: Sequence[Reasoner], skipped: Sequence[str]) -> None:
        """Keep the order.

        Args:
            reasoners: Best first, at least one.
            skipped: Why better ones are not among them.
        """
        self._reasoners = tuple(reasoners)
        self._skipped = tuple(skipped)

    @property
    def source(self) -> Source:
        """Who is asked first."""
        return self._reasoners[0].source

    @property
    def model(self) -> str:
        """Which model is asked first."""
        return self._reasoners[0].model

    def stream(
        self, request: ReasoningRequest, stop: Callable[[], bool] = never
    ) -> Generator[ReasoningUpdate, None, None]:
        """Yield the answer of the first reasoner that has one.

        Raises:
            ReasonerUnavailable: If the last one has none either.
            ModelUnavailable: Likewise.
        """
        reasons = list(self._skipped)
        for reasoner in self._reasoners[:-1]:
            begun = False
            try:
                for update in reasoner.stream(request, stop):
                    begun = True
                    yield _noted(update, reasons)
            except (ReasonerUnavailable, ModelUnavailable) as error:
                if begun:
                    raise
                reasons.append(f"{_TITLES[reasoner.source]}: {error}")
            else:
                return
        for update in self._reasoners[-1].stream(request, stop):
            yield _noted(update, reasons)

    def close(self) -> None:
        """Let go of every reasoner's memory."""
        for reasoner in self._reasoners:
            reasoner.close()


_TITLES: Final[dict[Source, str]] = {
    "local_model": "local model",
    "server": "server",
    "evidence_only": "evidence report",
}


class _Maker(Protocol):
    """Makes one kind of reasoner; ``automatic`` if nobody asked for it by name."""

    def __call__(self, options: ReasonerOptions, *, automatic: bool) -> Reasoner: ...


def choose(wanted: str, options: ReasonerOptions | None = None) -> Choice:
    """Return the reasoner to ask. Make one choice a process and keep it: it holds the model.

    A reasoner asked for by name is taken or refused. ``auto`` prefers a local model on a GPU, then
    a server, then the evidence report; an address given by the user puts the server first. If the
    preferred one fails before its first word, the next answers and says so.

    Args:
        wanted: ``auto``, ``local``, ``server`` or ``evidence``.
        options: What decides; None reads the environment.

    Raises:
        UsageError: If there is no such reasoner, or the server's address is none.
        ModelUnavailable: If ``local`` is asked for and its weights are not on this machine.
        ReasonerUnavailable: If ``local`` does not fit, or ``server`` has no address.
    """
    options = options or ReasonerOptions()
    if wanted == "auto":
        return _best(options)
    if wanted not in REASONERS:
        msg = f"reasoner {wanted!r} does not exist; choose one of {', '.join(REASONERS)}"
        raise UsageError(msg)
    reasoner = _MAKERS[wanted](options, automatic=False)
    return Choice(reasoner, f"The {_TITLES[reasoner.source]} was asked for by name.")


def _best(options: ReasonerOptions) -> Choice:
    order = ["local", "server", "evidence"]
    if options.base_url is not None:
        order = ["server", "local", "evidence"]
    found: list[Reasoner] = []
    skipped: list[str] = []
    for wanted in order:
        try:
            found.append(_MAKERS[wanted](replace(options, download=False), automatic=True))
        except UsageError:
            raise
        except AdappError as error:
            if not found:
                skipped.append(f"{_PLAIN[wanted]}: {error}")
    first = _TITLES[found[0].source]
    because = f" because the better ones cannot: {'; '.join(skipped)}" if skipped else ""
    return Choice(FallbackReasoner(found, skipped), f"The {first} answers{because}.")


def _local(options: ReasonerOptions, *, automatic: bool) -> Reasoner:
    settings = options.settings or Settings()
    folders = find(options.size, settings.weights_dir, download=options.download)
    if automatic:
        _check_gpu()
    from adapp.reasoning.qwen import local_reasoner

    return local_reasoner(folders, options.local)


def _server(options: ReasonerOptions, *, automatic: bool) -> Reasoner:  # noqa: ARG001 - one signature for all
    config = from_environment(options.base_url)
    if config is None:
        msg = f"no server is known: give --base-url, or set {URL_VARIABLE}"
        raise ReasonerUnavailable(msg)
    return ServerReasoner(config)


def _evidence(options: ReasonerOptions, *, automatic: bool) -> Reasoner:  # noqa: ARG001 - as above
    return EvidenceReasoner()


_MAKERS: Final[dict[str, _Maker]] = {"local": _local, "server": _server, "evidence": _evidence}
_PLAIN: Final = {"local": "local model", "server": "server", "evidence": "evidence report"}


def _check_gpu() -> None:
    """Refuse a local model where it would take minutes an answer.

    Raises:
        ReasonerUnavailable: If there is no GPU.
    """
    import torch

    if not torch.cuda.is_available():
        msg = "this machine has no GPU; --reasoner local runs it on the CPU all the same, slowly"
        raise ReasonerUnavailable(msg)


def _noted(update: ReasoningUpdate, reasons: Sequence[str]) -> ReasoningUpdate:
    if update.explanation is None or not reasons:
        return update
    noted = replace(update.explanation, fallback_reason="; ".join(reasons))
    return replace(update, explanation=noted)
