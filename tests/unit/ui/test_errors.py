"""What a failure becomes at the edge of the app."""

import logging

import gradio as gr
import pytest

from adapp.core.errors import BadImage
from adapp.ui.errors import as_message, told


def test_failure_of_the_user_is_shown_as_it_is():
    @told
    def handler():
        message = "part.png: this is a text file. Save it as PNG."
        raise BadImage(message)

    with pytest.raises(gr.Error) as caught:
        handler()
    assert caught.value.message == "part.png: this is a text file. Save it as PNG."


def test_bug_gets_an_id_that_stands_in_the_log(caplog):
    @told
    def handler():
        message = "secret internals"
        raise KeyError(message)

    with caplog.at_level(logging.ERROR, logger="adapp.ui"), pytest.raises(gr.Error) as caught:
        handler()
    assert "secret" not in caught.value.message
    bug_id = caplog.records[0].getMessage().removeprefix("bug ")
    assert f"id {bug_id}" in caught.value.message
    assert caplog.records[0].exc_info[0] is KeyError


def test_generator_yields_until_it_fails():
    @told
    def handler():
        yield 1
        message = "no more"
        raise BadImage(message)

    steps = handler()
    assert next(steps) == 1
    with pytest.raises(gr.Error, match="no more"):
        next(steps)


def test_closing_the_wrapped_generator_closes_the_handler():
    closed = []

    @told
    def handler():
        try:
            yield 1
        finally:
            closed.append(True)

    steps = handler()
    next(steps)
    steps.close()
    assert closed == [True]


def test_message_for_gradio_stays_the_same_object():
    error = gr.Error("already told")
    assert as_message(error) is error


def test_result_and_name_pass_through():
    @told
    def answer(left, right):
        return left + right

    assert answer(2, right=3) == 5
    assert answer.__name__ == "answer"
