"""The server reasoner against a scripted server on loopback: good answers and every bad one."""

import base64
import io
import itertools
import json
import threading
import time

import numpy as np
import pytest
from PIL import Image

from adapp.core.errors import ReasonerUnavailable, UsageError
from adapp.core.reasoner import TokenCount, explain
from adapp.reasoning.server import ServerReasoner, data_url
from adapp.reasoning.server_config import ServerConfig, from_environment
from tests.unit.reasoning.cases import query, request
from tests.unit.reasoning.loopback import (
    EVENTS,
    Hang,
    delta,
    ending,
    refused,
    serving,
    spoken,
)

GOOD = spoken("A thin ", "line ", "[bottle/scratch].")
TEXT = "A thin line [bottle/scratch]."


def reasoner(server, **more):
    options = {"silence_s": 20.0, "backoff_s": 0.0, "model": "asked-model", **more}
    return ServerReasoner(ServerConfig(server.url, **options))


def explained(*script, asked=None, stop=lambda: False, **options):
    """Return the explanation of a scripted server, and the server."""
    with serving(*script) as server:
        return explain(reasoner(server, **options), asked or request(), stop), server


def failure(*script, **options):
    """Return the message with which the reasoner gives up, and the server."""
    with serving(*script) as server:
        with pytest.raises(ReasonerUnavailable) as caught:
            explain(reasoner(server, **options), request())
        return str(caught.value), server


def test_a_streamed_answer_is_shown_word_by_word_and_accounted_for():
    with serving(GOOD) as server:
        *steps, last = reasoner(server).stream(request())
    assert [step.text for step in steps] == ["A thin", "A thin line", TEXT]
    explanation = last.explanation
    assert explanation.text == TEXT
    assert explanation.source == "server"
    assert explanation.model == "served-model"
    assert explanation.tokens == TokenCount(321, 7)
    assert explanation.cited == ("bottle/scratch",)
    assert explanation.flags == ()


def test_request_carries_pictures_as_data_urls_and_no_address():
    _, server = explained(GOOD)
    (body,) = server.asked
    assert body["model"] == "asked-model"
    assert body["stream"] is True
    assert body["temperature"] == 0
    system, user = body["messages"]
    assert system["role"] == "system"
    assert isinstance(system["content"], str)
    urls = [part["image_url"]["url"] for part in user["content"] if part["type"] == "image_url"]
    assert len(urls) == 4, "one page, query, overlay, crop"
    assert all(url.startswith("data:image/png;base64,") for url in urls)
    assert "http" not in json.dumps(user).replace("data:image", "")
    picture = Image.open(io.BytesIO(base64.b64decode(urls[1].split(",")[1])))
    assert np.array_equal(np.asarray(picture), query())


def test_expert_tokens_can_be_left_out():
    _, server = explained(GOOD, expert="none")
    kinds = [part["type"] for part in server.asked[0]["messages"][1]["content"]]
    assert kinds.count("image_url") == 2


def test_large_pictures_are_reduced_before_they_are_sent():
    url = data_url(np.zeros((300, 600, 3), dtype=np.uint8), 20_000)
    picture = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))
    assert picture.size == (200, 100)


def test_key_is_sent_and_shown_nowhere():
    with serving(GOOD) as server:
        config = ServerConfig(server.url, model="m", key="secret-key")
        explain(ServerReasoner(config), request())
        assert server.headers_seen[0]["Authorization"] == "Bearer secret-key"
    assert "secret-key" not in repr(config)
    message, _ = failure(refused(401), key="secret-key")
    assert "ADAPP_REASONER_KEY" in message
    assert "secret-key" not in message


def test_no_key_sends_no_authorization():
    _, server = explained(GOOD)
    assert "Authorization" not in server.headers_seen[0]


def test_model_that_was_not_named_is_asked_for_once():
    with serving(GOOD, models=("first", "second")) as server:
        served = reasoner(server, model="")
        assert served.model == server.url
        explain(served, request())
        explain(served, request())
        assert [body["model"] for body in server.asked] == ["first", "first"]
        assert len(server.headers_seen) == 3


def test_a_server_without_models_is_said():
    with serving(GOOD, models=()) as server, pytest.raises(ReasonerUnavailable, match="no model"):
        explain(reasoner(server, model=""), request())


def test_a_failure_that_passes_is_repeated():
    explanation, server = explained(refused(500), refused(503), GOOD)
    assert explanation.text == TEXT
    assert len(server.asked) == 3


def test_repetitions_end():
    message, server = failure(refused(500, b"Traceback: out of memory"), retries=2)
    assert "answered 500" in message
    assert "out of memory" in message
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "see the server's log"),
        (401, "ADAPP_REASONER_KEY"),
        (404, "ADAPP_REASONER_MODEL"),
        (413, "too large"),
    ],
)
def test_a_failure_that_will_not_pass_is_not_repeated(status, advice):
    message, server = failure(refused(status))
    assert f"answered {status}" in message
    assert advice in message
    assert len(server.asked) == 1


def test_redirects_are_not_followed():
    with serving(GOOD) as other:
        message, server = failure(refused(307, Location=f"{other.url}/chat/completions"))
        assert other.asked == []
    assert "address moved" in message
    assert len(server.asked) == 1


def test_nobody_there_is_said_after_the_repetitions():
    with serving(GOOD) as server:
        url = server.url
    served = ServerReasoner(ServerConfig(url, model="m", retries=1, backoff_s=0.0))
    with pytest.raises(ReasonerUnavailable, match=r"no answer from 127\.0\.0\.1"):
        explain(served, request())


@pytest.mark.parametrize(
    "garbage",
    [
        (200, {"Content-Type": "text/html"}, [b"<html><body>Login</body></html>"]),
        (200, {"Content-Type": "application/json"}, [b'{"hello": "world"}']),
        (200, {"Content-Type": "application/json"}, [b"[1, 2"]),
        (200, {"Content-Type": EVENTS}, [b"\xff\xfe\x00garbage\n\ndata: {broken\n\n"]),
        (200, {"Content-Type": EVENTS}, []),
        (200, {"Content-Type": EVENTS}, [b'data: {"choices": 3}\n\ndata: 7\n\n']),
        (200, {"Content-Type": EVENTS, "Content-Length": "0"}, []),
    ],
)
def test_garbage_is_no_answer(garbage):
    message, server = failure(garbage)
    assert "no chat completion" in message
    assert len(server.asked) == 1


def test_garbage_between_good_events_is_passed_over():
    chunks = [b": ping\n\n", b"event: message\n", delta("A "), b"data: {oops\n\n", b"data: []\n\n",
              b'data: {"choices": [null]}\n\n', b'data: {"choices": [{"delta": null}]}\n\n',
              delta("line [bottle/scratch]."), ending()]  # fmt: skip
    explanation, _ = explained((200, {"Content-Type": EVENTS}, chunks))
    assert explanation.text == "A line [bottle/scratch]."


def test_an_error_inside_the_stream_is_said():
    event = b'data: {"error": {"message": "CUDA out of memory"}}\n\n'
    message, _ = failure((200, {"Content-Type": EVENTS}, [event]))
    assert "CUDA out of memory" in message


def test_an_error_after_the_first_words_keeps_them_and_is_flagged():
    chunks = [delta("A line [bottle/scratch]."), b'data: {"error": "gone"}\n\n']
    explanation, _ = explained((200, {"Content-Type": EVENTS}, chunks))
    assert explanation.text == "A line [bottle/scratch]."
    (flag,) = explanation.flags
    assert flag.kind == "interrupted"
    assert "gone" in flag.detail


def test_a_server_that_does_not_stream_is_understood():
    whole = {
        "model": "served-model",
        "choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3},
    }
    answer = (200, {"Content-Type": "application/json"}, [json.dumps(whole).encode()])
    explanation, _ = explained(answer)
    assert explanation.text == TEXT
    assert explanation.tokens == TokenCount(9, 3)


def test_a_cut_answer_is_called_shortened():
    explanation, _ = explained(spoken("A [bottle/scratch]", finish="length"))
    assert explanation.flagged("shortened")


def test_silence_before_the_first_word_is_a_timeout():
    message, _ = failure((200, {"Content-Type": EVENTS}, [Hang()]), silence_s=0.3)
    assert "sent nothing for 0.3 s" in message


def test_silence_before_the_head_is_a_timeout():
    with serving((200, {}, [])) as server:
        server.next_entry = lambda: (server.released.wait(), (200, {}, []))[1]
        with pytest.raises(ReasonerUnavailable, match="sent nothing for"):
            explain(reasoner(server, silence_s=0.3, retries=0), request())


def test_a_connection_lost_after_the_first_words_is_not_asked_again():
    head = {"Content-Type": EVENTS, "Content-Length": "5000"}
    explanation, server = explained((200, head, [delta("A line [bottle/scratch].")]))
    assert explanation.text == "A line [bottle/scratch]."
    assert explanation.flagged("interrupted")
    assert len(server.asked) == 1


def test_silence_after_the_first_words_keeps_them():
    script = (200, {"Content-Type": EVENTS}, [delta("A line [bottle/scratch]."), Hang()])
    explanation, _ = explained(script, silence_s=0.3)
    assert explanation.text == "A line [bottle/scratch]."
    assert explanation.flagged("interrupted")


def test_a_stream_that_drips_past_the_deadline_is_ended():
    def dripping():
        while True:
            yield delta("x ")

    script = (200, {"Content-Type": EVENTS}, dripping())
    explanation, server = explained(script, deadline_s=0.5)
    assert explanation.flagged("interrupted")
    assert (
        "took too long" in explanation.flags[-1].detail
        or "more than" in explanation.flags[-1].detail
    )
    assert server.broken_pipes.wait(20), "the connection is closed"


def test_a_stream_without_end_is_cut():
    def flood():
        line = b": " + b"x" * 100_000 + b"\n"
        while True:
            yield line

    message, _ = failure((200, {"Content-Type": EVENTS}, flood()))
    assert "more than an answer can hold" in message


def test_stop_ends_a_silent_stream_and_keeps_the_words():
    seen = []
    script = (200, {"Content-Type": EVENTS}, [delta("A line [bottle/scratch]."), Hang()])
    with serving(script) as server:
        explanation = None
        for update in reasoner(server).stream(request(), stop=lambda: bool(seen)):
            seen.append(update.text)
            explanation = update.explanation
    assert explanation.flagged("stopped")
    assert explanation.text == "A line [bottle/scratch]."


def test_stop_before_the_first_word():
    explanation, _ = explained((200, {"Content-Type": EVENTS}, [Hang()]), stop=lambda: True)
    assert explanation.flagged("stopped")
    assert explanation.text == ""


def test_stop_ends_the_wait_that_a_server_asks_for():
    checks = itertools.count()
    begun = time.monotonic()
    with serving(refused(429, Retry_After="9")) as server:
        explanation = explain(
            reasoner(server), request(), stop=lambda: bool(server.asked) and next(checks) > 8
        )
    assert explanation.flagged("stopped")
    assert time.monotonic() - begun < 8
    assert len(server.asked) == 1


def test_closing_the_stream_lets_the_reader_go():
    script = (200, {"Content-Type": EVENTS}, [delta("A "), Hang()])
    with serving(script) as server:
        stream = reasoner(server).stream(request())
        next(stream)
        stream.close()
    for thread in threading.enumerate():
        if thread.name == "adapp-server":
            thread.join(20)
    assert not [t for t in threading.enumerate() if t.name == "adapp-server"]


def test_answers_of_a_server_are_checked_like_any_other():
    script = spoken("The part is normal. ", "![x](http://evil.example/p.png) [other/page]")
    explanation, _ = explained(script)
    kinds = {flag.kind for flag in explanation.flags}
    assert {"contradiction", "unknown_citation", "removed_markup", "uncited"} <= kinds
    assert "evil.example" not in explanation.text


def test_a_hostile_model_name_is_cleaned():
    event = delta("A [bottle/scratch]", model="<img src=x>|evil|" + "m" * 200)
    explanation, _ = explained((200, {"Content-Type": EVENTS}, [event, ending()]))
    assert "<" not in explanation.model
    assert len(explanation.model) <= 60


@pytest.mark.parametrize("url", ["ftp://host/v1", "localhost:8000", "http://", "http://h:x/v1", ""])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(UsageError, match="no address of a server"):
        ServerConfig(url)


def test_tokens_in_the_models_own_space_cannot_go_to_a_server():
    with pytest.raises(UsageError, match="pictures only"):
        ServerConfig("http://localhost/v1", expert="significance")


def test_environment_names_the_server(monkeypatch):
    monkeypatch.delenv("ADAPP_REASONER_URL", raising=False)
    assert from_environment() is None
    monkeypatch.setenv("ADAPP_REASONER_URL", "http://host:8000/v1/")
    monkeypatch.setenv("ADAPP_REASONER_MODEL", "qwen")
    monkeypatch.setenv("ADAPP_REASONER_KEY", "k")
    config = from_environment()
    assert config.url("models") == "http://host:8000/v1/models"
    assert (config.model, config.key) == ("qwen", "k")
    assert from_environment("http://other/v1").base_url == "http://other/v1"
