import subprocess
import sys

import pytest

from adapp.core.errors import ModelUnavailable, ReasonerUnavailable, UsageError
from adapp.core.reasoner import Explanation, ReasoningUpdate, explain, never
from adapp.core.settings import Settings
from adapp.reasoning import choose as module
from adapp.reasoning.choose import FallbackReasoner, ReasonerOptions, choose
from adapp.reasoning.qwen_weights import QwenFolder
from adapp.reasoning.server_config import ServerConfig
from tests.unit.reasoning.cases import request
from tests.unit.reasoning.loopback import refused, serving, spoken


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in ("URL", "MODEL", "KEY"):
        monkeypatch.delenv(f"ADAPP_REASONER_{name}", raising=False)


def options(tmp_path, **more):
    return ReasonerOptions(settings=Settings(weights_dir=tmp_path), **more)


class Fake:
    def __init__(self, source, error=None, after=0):
        self.source, self.model = source, f"fake {source}"
        self.error, self.after, self.closed = error, after, False

    def stream(self, request, stop=never):
        for number in range(self.after):
            if stop():
                return
            yield ReasoningUpdate("word " * (number + 1))
        if self.error is not None:
            raise self.error
        text = f"{self.source} says {request.question}"
        yield ReasoningUpdate(text, Explanation(text, self.source, self.model, (), 0.0))

    def close(self):
        self.closed = True


def test_auto_on_a_bare_machine_is_the_evidence_and_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_check_gpu", lambda: None)
    choice = choose("auto", options(tmp_path))
    assert choice.reasoner.source == "evidence_only"
    assert "The evidence report answers" in choice.why
    assert "hf download Qwen/Qwen2.5-VL-3B-Instruct" in choice.why
    assert "ADAPP_REASONER_URL" in choice.why
    explanation = explain(choice.reasoner, request())
    assert explanation.source == "evidence_only"
    assert "hf download" in explanation.fallback_reason


def test_auto_without_gpu_passes_the_local_model_over(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(module, "find", lambda *_, **__: (QwenFolder("qwen", tmp_path, 1),))
    assert "has no GPU" in choose("auto", options(tmp_path)).why


def test_auto_takes_the_server_it_knows(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_check_gpu", lambda: None)
    with serving(spoken("A line [bottle/scratch].")) as server:
        monkeypatch.setenv("ADAPP_REASONER_URL", server.url)
        choice = choose("auto", options(tmp_path))
        assert "The server answers" in choice.why
        explanation = explain(choice.reasoner, request())
    assert explanation.source == "server"
    assert explanation.text == "A line [bottle/scratch]."
    assert "local model" in explanation.fallback_reason


def test_auto_prefers_a_local_model_that_fits(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_check_gpu", lambda: None)
    monkeypatch.setattr(module, "find", lambda *_, **__: (QwenFolder("qwen", tmp_path, 1),))
    monkeypatch.setattr("adapp.reasoning.qwen.needs_four_bit", lambda *_, **__: False)
    monkeypatch.setenv("ADAPP_REASONER_URL", "http://127.0.0.1:1/v1")
    choice = choose("auto", options(tmp_path))
    assert choice.reasoner.source == "local_model"
    assert choice.reasoner.model == "qwen"
    assert choice.why == "The local model answers."
    server_first = choose("auto", options(tmp_path, base_url="http://127.0.0.1:1/v1"))
    assert server_first.reasoner.source == "server"


def test_auto_falls_back_when_the_server_fails_and_says_so(tmp_path):
    with serving(refused(400)) as server:
        choice = choose("auto", options(tmp_path, base_url=server.url))
        explanation = explain(choice.reasoner, request())
    assert explanation.source == "evidence_only"
    assert "answered 4" in explanation.fallback_reason


def test_auto_never_downloads(tmp_path, monkeypatch):
    asked = []

    def find(size, weights_dir, *, download):
        asked.append((size, weights_dir, download))
        raise ModelUnavailable

    monkeypatch.setattr(module, "_check_gpu", lambda: None)
    monkeypatch.setattr(module, "find", find)
    choose("auto", options(tmp_path, download=True))
    with pytest.raises(ModelUnavailable):
        choose("local", options(tmp_path, download=True, size="7b"))
    assert asked == [("auto", tmp_path, False), ("7b", tmp_path, True)]


def test_a_name_is_taken_or_refused(tmp_path):
    assert choose("evidence", options(tmp_path)).reasoner.source == "evidence_only"
    with pytest.raises(ModelUnavailable, match="hf download"):
        choose("local", options(tmp_path))
    with pytest.raises(ReasonerUnavailable, match="--base-url"):
        choose("server", options(tmp_path))
    with pytest.raises(UsageError, match="does not exist"):
        choose("oracle", options(tmp_path))
    with pytest.raises(UsageError, match="no address"):
        choose("auto", options(tmp_path, base_url="nonsense"))


def test_a_server_by_name_does_not_fall_back(tmp_path):
    with serving(refused(400)) as server:
        choice = choose("server", options(tmp_path, base_url=server.url))
        assert "by name" in choice.why
        with pytest.raises(ReasonerUnavailable):
            explain(choice.reasoner, request())


def test_the_first_with_a_word_to_say_answers():
    down = [
        Fake("local_model", ModelUnavailable("gone")),
        Fake("server", ReasonerUnavailable("off")),
    ]
    chain = FallbackReasoner([*down, Fake("evidence_only")], ["older reason"])
    explanation = explain(chain, request("Why?"))
    assert explanation.text == "evidence_only says Why?"
    assert explanation.fallback_reason == "older reason; local model: gone; server: off"
    assert chain.source == "local_model"
    assert chain.model == "fake local_model"


def test_a_preferred_reasoner_that_answers_notes_nothing():
    chain = FallbackReasoner([Fake("server"), Fake("evidence_only")], [])
    assert explain(chain, request()).fallback_reason is None


def test_no_second_answer_after_the_first_words():
    broken = Fake("server", ReasonerUnavailable("cut"), after=2)
    with pytest.raises(ReasonerUnavailable, match="cut"):
        explain(FallbackReasoner([broken, Fake("evidence_only")], []), request())


def test_the_last_failure_is_the_users():
    chain = FallbackReasoner([Fake("server", ReasonerUnavailable("off"))], [])
    with pytest.raises(ReasonerUnavailable, match="off"):
        explain(chain, request())


def test_closing_closes_all():
    fakes = [Fake("server"), Fake("evidence_only")]
    FallbackReasoner(fakes, []).close()
    assert all(fake.closed for fake in fakes)


def test_choosing_the_evidence_loads_no_model_library():
    code = (
        "import sys; from adapp.reasoning.choose import choose; choose('evidence'); choose('auto');"
        "print({'torch', 'transformers', 'gradio'} & set(sys.modules))"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "set()"


def test_default_patience_suits_a_person():
    config = ServerConfig("http://localhost/v1")
    assert config.deadline_s >= config.silence_s > 0
