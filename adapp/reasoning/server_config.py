"""Where a server for language models is and how patiently it is asked, from the environment."""

import os
import urllib.parse
from dataclasses import dataclass, field

from adapp.core.errors import UsageError
from adapp.reasoning.config import ExpertMode, PromptConfig

URL_VARIABLE = "ADAPP_REASONER_URL"
MODEL_VARIABLE = "ADAPP_REASONER_MODEL"
KEY_VARIABLE = "ADAPP_REASONER_KEY"


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How to reach an OpenAI-compatible server.

    Attributes:
        base_url: Up to and without ``/chat/completions``, e.g. ``http://localhost:8000/v1``.
        model: Name of the model there; empty takes the first one the server lists.
        key: Sent as a bearer token; empty sends none. It is part of no message.
        prompt: What goes into a prompt.
        expert: How the detector's map reaches the model: ``overlay`` or ``none``.
        max_pixels: Larger pictures are reduced before they are sent.
        answer_tokens: Longest answer.
        choice_tokens: Longest answer to a multiple-choice question.
        silence_s: Longest wait for the next piece of an answer, the first one included.
        deadline_s: Longest time for the whole answer.
        retries: How often a request is repeated that failed before the first piece.
        backoff_s: Wait before the first repetition; it doubles each time.
    """

    base_url: str
    model: str = ""
    key: str = field(default="", repr=False)
    prompt: PromptConfig = field(default_factory=PromptConfig)
    expert: ExpertMode = "overlay"
    max_pixels: int = 1280 * 28 * 28
    answer_tokens: int = 512
    choice_tokens: int = 8
    silence_s: float = 60.0
    deadline_s: float = 180.0
    retries: int = 2
    backoff_s: float = 0.5

    def __post_init__(self) -> None:
        try:
            parts = urllib.parse.urlsplit(self.base_url)
            port = parts.port  # raises where it is no number
        except ValueError:
            sound = False
        else:
            sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
        if not sound:
            msg = f"{self.base_url!r} is no address of a server: use http://HOST:PORT/v1"
            raise UsageError(msg)
        if self.expert not in {"overlay", "none"}:
            msg = (
                f"a server takes pictures only: expert tokens {self.expert!r} need --reasoner local"
            )
            raise UsageError(msg)

    def url(self, path: str) -> str:
        """Return the address of an endpoint below the base."""
        return f"{self.base_url.rstrip('/')}/{path}"


def from_environment(base_url: str | None = None) -> ServerConfig | None:
    """Return the server to use; None if there is none.

    Args:
        base_url: Given by the user; None takes ``ADAPP_REASONER_URL``.

    Raises:
        UsageError: If the address is none.
    """
    address = base_url or os.environ.get(URL_VARIABLE, "")
    if not address:
        return None
    return ServerConfig(
        base_url=address,
        model=os.environ.get(MODEL_VARIABLE, ""),
        key=os.environ.get(KEY_VARIABLE, ""),
    )
