"""The queues of the app's events: who waits for whom, and what answers at once."""

from typing import Any

from gradio.events import Dependency

MODEL_QUEUE: dict[str, Any] = {"concurrency_id": "gpu", "concurrency_limit": 1}
"""Every event that runs a model: one at a time, the others wait and are told their place."""

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", **PRIVATE}
LIVE: dict[str, Any] = {"trigger_mode": "always_last", **AT_ONCE}
EACH: dict[str, Any] = {"trigger_mode": "multiple", **AT_ONCE}
"""For events that bring data along: of two quick ones, ``always_last`` sends the first's twice."""

TURN = "(...given) => window.adapp.turn(given)"
"""As ``js`` of an event: it asks once the one before it is answered (``turns.js``)."""
_TURN_OVER = "() => window.adapp.turnOver()"


def in_turn(*answered: Dependency) -> None:
    """End the turn of each of these events, which have ``TURN`` as their ``js``."""
    for event in answered:
        event.then(None, None, None, js=_TURN_OVER)
        event.failure(None, None, None, js=_TURN_OVER)  # then() does not follow a failure
