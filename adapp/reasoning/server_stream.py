"""From the lines of a server's answer to pieces of text: server-sent events or one JSON object."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from adapp.core.errors import ReasonerUnavailable
from adapp.core.reasoner import TokenCount
from adapp.reasoning.server_wire import Opened

_EVENTS = "text/event-stream"
_DONE = "[DONE]"


@dataclass(slots=True)
class Told:
    """What the server told beside the text; ``ended`` if it said that the answer is complete."""

    model: str | None = None
    tokens: TokenCount | None = None
    finish: str | None = None
    events: int = 0
    ended: bool = False


def pieces(items: Iterable[Opened | bytes], told: Told) -> Iterator[str]:
    """Yield the answer's pieces; fill ``told`` on the way.

    Raises:
        ReasonerUnavailable: If the answer is none, or reports an error.
    """
    iterator = iter(items)
    opened = next(iterator, None)
    lines = (item for item in iterator if isinstance(item, bytes))
    if isinstance(opened, Opened) and opened.content_type == _EVENTS:
        yield from _events(lines, told)
    else:
        text = b"".join(lines).decode("utf-8", "replace")
        yield from _whole(text, told)
    if not told.events:
        msg = "the server's answer is no chat completion: check --base-url (it ends in /v1)"
        raise ReasonerUnavailable(msg)


def _events(lines: Iterable[bytes], told: Told) -> Iterator[str]:
    for line in lines:
        field, _, value = line.decode("utf-8", "replace").strip().partition(":")
        if field != "data":
            continue  # a comment, an event's name, an empty line
        value = value.strip()
        if value == _DONE:
            told.ended = True
            return
        event = _parsed(value)
        if event is not None:
            yield from _choice(event, told, "delta")


def _whole(text: str, told: Told) -> Iterator[str]:
    event = _parsed(text)
    if event is not None:
        told.ended = True
        yield from _choice(event, told, "message")


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _choice(event: dict[str, Any], told: Told, key: str) -> Iterator[str]:
    if event.get("error"):
        error = event["error"]
        said = error.get("message", error) if isinstance(error, dict) else error
        msg = f"the server reports an error: {' '.join(str(said).split())[:200]}"
        raise ReasonerUnavailable(msg)
    choices = event.get("choices")
    if not isinstance(choices, list):
        return
    told.events += 1
    told.model = _text(event.get("model")) or told.model
    told.tokens = _usage(event.get("usage")) or told.tokens
    if not choices or not isinstance(choices[0], dict):
        return
    told.finish = _text(choices[0].get("finish_reason")) or told.finish
    message = choices[0].get(key)
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str) and content:
        yield content


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _usage(value: object) -> TokenCount | None:
    if not isinstance(value, dict):
        return None
    prompt, answer = value.get("prompt_tokens"), value.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(answer, int):
        return None
    return TokenCount(prompt, answer)
