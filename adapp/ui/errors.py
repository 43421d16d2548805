"""Failures at the edge of the app: what the user reads and what goes to the log."""

import functools
import inspect
import logging
import uuid
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar, cast

import gradio as gr

from adapp.core.errors import AdappError
from adapp.ui.gpu import QUOTA, is_quota

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

_log = logging.getLogger("adapp.ui")


def told(handler: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Return ``handler`` with every failure turned into a message for the user.

    An ``AdappError`` is shown as it is. Anything else is a bug: it is logged with a short id and
    the user sees that id. Works on functions and on generators.
    """
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def steps(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Iterator[object]:
            work = cast("Iterator[object]", handler(*args, **kwargs))
            try:
                yield from work
            except Exception as failure:
                raise as_message(failure) from failure

        return cast("Callable[Arguments, Answer]", steps)

    @functools.wraps(handler)
    def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        try:
            return handler(*args, **kwargs)
        except Exception as failure:
            raise as_message(failure) from failure

    return call


def as_message(failure: Exception) -> gr.Error:
    """Return the message that the user sees for ``failure``; a bug goes to the log too."""
    if is_quota(failure):
        return gr.Error(QUOTA, title="GPU time", print_exception=False)
    if isinstance(failure, gr.Error):
        return failure
    if isinstance(failure, AdappError):
        return gr.Error(str(failure), title="Please check", print_exception=False)
    bug_id = uuid.uuid4().hex[:8]
    _log.error("bug %s", bug_id, exc_info=failure)
    message = (
        f"This is a bug in adapp, not a mistake of yours (id {bug_id}). Your pictures are still "
        "here: try again, and if it happens again report the id with the server's log."
    )
    return gr.Error(message, title="Something broke", print_exception=False)
