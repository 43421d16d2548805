"""The local reasoner on the toy model: streaming, stop, turns, memory, loading from disk."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import torch

from adapp.core.errors import ModelUnavailable, ReasonerUnavailable
from adapp.core.reasoner import explain
from adapp.reasoning import qwen as module
from adapp.reasoning import qwen_weights
from adapp.reasoning.config import LocalConfig, PromptConfig
from adapp.reasoning.expert_tokens import create
from adapp.reasoning.prompt import assemble
from adapp.reasoning.qwen import (
    LocalReasoner,
    expert_embeddings,
    local_reasoner,
    tiny_reasoner,
)
from adapp.reasoning.qwen_model import load, plan, prepare, wrap
from adapp.reasoning.qwen_weights import QwenFolder, find, read_folder
from adapp.reasoning.tiny_qwen import IDENTITY, load_tiny
from tests.unit.reasoning.cases import request

GB = 2**30
PROMPT = PromptConfig(page_characters=60)
SMALL = {"min_pixels": 28 * 28, "max_pixels": 56 * 56}


def config(**more):
    return LocalConfig(**{**SMALL, "prompt": PROMPT, "answer_tokens": 40, **more})


@pytest.fixture(scope="module")
def shared():
    return load_tiny()


def reasoner(shared, **more):
    return LocalReasoner(lambda: shared, IDENTITY, config(**more))


def no_threads_left():
    return not [t for t in threading.enumerate() if t.name.startswith("adapp-qwen")]


def test_the_whole_local_path_answers_and_says_who_wrote():
    local = tiny_reasoner(config())
    assert not local.in_memory
    *steps, last = local.stream(request())
    assert local.in_memory
    assert len(steps) > 2, "words come one by one"
    assert all(step.explanation is None for step in steps)
    explanation = last.explanation
    assert explanation.source == "local_model"
    assert explanation.model == IDENTITY == local.model
    assert explanation.text == last.text
    assert explanation.tokens.prompt > 200
    assert 0 < explanation.tokens.answer <= 40
    assert explanation.seconds > 0
    assert explanation.fallback_reason is None
    assert no_threads_left()


def test_answer_is_what_plain_generation_gives(shared):
    prompt = assemble(request(), PROMPT)
    prepared = prepare(shared, prompt, **SMALL)
    written = shared.model.generate(**prepared.inputs, max_new_tokens=12, do_sample=False)
    expected = shared.processor.tokenizer.decode(
        written[0, prepared.length :], skip_special_tokens=True
    )
    local = reasoner(shared, expert="none", answer_tokens=12)
    assert explain(local, request()).text == expected.strip()


def test_the_answering_model_is_given_exactly_the_expert_tokens_meant(shared):
    expert = create("significance", shared.width)
    prompt = assemble(request(), PROMPT, expert=expert.parts(request()))
    prepared = prepare(shared, prompt, **SMALL)
    meant = expert_embeddings(shared, expert, prepared, request())
    places = prepared.inputs["input_ids"] == shared.placeholder
    seen = []

    def capture(_, __, kwargs):
        seen.append(kwargs["inputs_embeds"].clone())

    language = shared.model.model.language_model
    handle = language.register_forward_pre_hook(capture, with_kwargs=True)
    try:
        explain(reasoner(shared, answer_tokens=3), request())
    finally:
        handle.remove()
    read, *written = seen
    assert torch.equal(read[places], meant)
    own = shared.model.get_input_embeddings()(prepared.inputs["input_ids"])
    words = ~places & (prepared.inputs["input_ids"] != shared.model.config.image_token_id)
    assert torch.equal(read[words], own[words]), "nothing else is touched"
    assert [embedding.shape[1] for embedding in written] == [1, 1]


@pytest.mark.parametrize("mode", ["none", "significance", "overlay"])
def test_every_mode_of_expert_tokens_answers(shared, mode):
    explanation = explain(reasoner(shared, expert=mode, answer_tokens=4), request())
    assert explanation.text


def test_stop_ends_at_the_next_token_and_the_next_answer_works(shared):
    local = reasoner(shared)
    seen = []
    explanation = None
    for update in local.stream(request(), stop=lambda: len(seen) >= 2):
        seen.append(update.text)
        explanation = update.explanation
    assert explanation.flagged("stopped")
    assert explanation.tokens.answer < 40
    assert no_threads_left()
    assert not explain(local, request()).flagged("stopped")


def test_closing_the_stream_frees_the_model_at_once(shared):
    local = reasoner(shared)
    stream = local.stream(request())
    next(stream)
    assert local._turn.locked()
    stream.close()
    assert not local._turn.locked()
    assert no_threads_left()
    assert not shared.model.get_input_embeddings()._forward_hooks


def test_stop_while_waiting_for_the_turn(shared):
    local = reasoner(shared)
    first = local.stream(request())
    next(first)
    waiting = explain(local, request(), stop=lambda: True)
    assert waiting.flagged("stopped")
    assert waiting.text == ""
    first.close()


def test_parallel_requests_get_the_answers_they_get_alone(shared):
    local = reasoner(shared, answer_tokens=6)
    asked = [request(), request("Why?", label="normal"), request("How?", passages=())]
    alone = [explain(local, each).text for each in asked]
    assert len(set(alone)) > 1
    with ThreadPoolExecutor(3) as executor:
        together = list(executor.map(lambda each: explain(local, each).text, asked))
    assert together == alone


def test_an_answer_at_its_limit_is_called_shortened(shared):
    explanation = explain(reasoner(shared, answer_tokens=3), request())
    assert explanation.tokens.answer == 3
    assert explanation.flagged("shortened")


def test_the_deadline_ends_an_answer(shared):
    explanation = explain(reasoner(shared, deadline_s=0.0), request())
    assert explanation.tokens.answer == 1
    assert explanation.flagged("shortened")


def test_multiple_choice_answers_are_short(shared):
    asked = request("Which?", options=("A scratch.", "A hole."))
    assert explain(reasoner(shared), asked).tokens.answer <= 8


def test_a_placeholder_is_never_written(shared):
    assert shared.placeholder in module.write.__globals__["_settings"](shared, 5)["suppress_tokens"]


class Exhausted:
    """Stands before ``generate`` and runs out of memory a number of times."""

    def __init__(self, generate, times):
        self.generate, self.times, self.lengths = generate, times, []

    def __call__(self, **inputs):
        self.lengths.append(inputs["input_ids"].shape[1])
        if len(self.lengths) <= self.times:
            msg = "out of memory"
            raise torch.OutOfMemoryError(msg)
        return self.generate(**inputs)


def test_out_of_memory_is_met_once_with_smaller_pictures(monkeypatch, shared):
    generate = Exhausted(shared.model.generate, 1)
    monkeypatch.setattr(shared.model, "generate", generate, raising=False)
    local = reasoner(shared, max_pixels=112 * 112, expert="none")
    assert explain(local, request()).text
    first, second = generate.lengths
    assert second < first


def test_out_of_memory_twice_is_said_and_frees_the_model(monkeypatch, shared):
    monkeypatch.setattr(shared.model, "generate", Exhausted(None, 9), raising=False)
    local = reasoner(shared)
    with pytest.raises(ReasonerUnavailable, match="ran out of memory"):
        explain(local, request())
    assert not local._turn.locked()


def test_close_lets_the_model_go_and_a_later_request_loads_it_again():
    loads = []

    def loader():
        loads.append(load_tiny())
        return loads[-1]

    local = LocalReasoner(loader, "name", config(answer_tokens=2))
    assert local.model == "name"
    explain(local, request())
    model = weakref.ref(loads.pop().model)
    local.close()
    gc.collect()
    assert model() is None
    assert not local.in_memory
    explain(local, request())
    assert len(loads) == 1


def test_toy_model_is_the_same_each_time_and_leaves_random_state_alone(shared):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    again = load_tiny()
    assert torch.equal(torch.get_rng_state(), before)
    for first, second in zip(shared.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(first, second)
    assert not any(parameter.requires_grad for parameter in again.model.parameters())


@pytest.fixture(scope="module")
def saved(tmp_path_factory, shared):
    """Return a weights folder with the toy model where the 3B model is looked for, in shards."""
    root = tmp_path_factory.mktemp("weights")
    folder = root / "Qwen2.5-VL-3B-Instruct"
    shared.model.save_pretrained(folder, max_shard_size="200KB")
    shared.processor.save_pretrained(folder)
    return root


def test_a_folder_of_weights_is_found_and_loaded(saved, shared):
    (folder,) = find("auto", saved)
    assert folder.repository == "Qwen/Qwen2.5-VL-3B-Instruct"
    assert folder.size > 100_000
    assert len(list(folder.path.glob("*.safetensors"))) > 1
    loaded = load(folder, four_bit=False)
    assert loaded.identity == "Qwen/Qwen2.5-VL-3B-Instruct (bfloat16, cpu)"
    assert loaded.model.dtype == torch.bfloat16
    assert loaded.placeholder == shared.placeholder
    assert loaded.width == shared.width
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())


def test_a_reasoner_over_a_folder_answers(saved):
    local = local_reasoner(find("3b", saved), config(answer_tokens=4))
    assert local.model == "Qwen/Qwen2.5-VL-3B-Instruct"
    explanation = explain(local, request())
    assert explanation.model == "Qwen/Qwen2.5-VL-3B-Instruct (bfloat16, cpu)"
    assert explanation.tokens.answer > 0
    assert explanation.licence == "Qwen Research License: no commercial use"


def test_weights_that_are_not_there_name_the_command(tmp_path):
    with pytest.raises(ModelUnavailable, match=r'"hf download Qwen/Qwen2\.5-VL-7B-Instruct"'):
        find("7b", tmp_path)
    with pytest.raises(ModelUnavailable, match="ADAPP_WEIGHTS"):
        find("auto", None)


def test_an_asked_for_download_that_fails_says_so(monkeypatch):
    def refuse(*_, **__):
        msg = "offline"
        raise OSError(msg)

    monkeypatch.setattr(qwen_weights, "snapshot_download", refuse)
    with pytest.raises(ModelUnavailable, match="could not be downloaded"):
        find("auto", None, download=True)


def test_a_download_only_starts_when_asked(monkeypatch, saved):
    calls = []

    def fetch(repository, *, allow_patterns, local_files_only=False):
        calls.append((repository, local_files_only))
        if local_files_only:
            msg = "not cached"
            raise OSError(msg)
        assert "*.safetensors" in allow_patterns
        return str(saved / "Qwen2.5-VL-3B-Instruct")

    monkeypatch.setattr(qwen_weights, "snapshot_download", fetch)
    with pytest.raises(ModelUnavailable):
        find("3b", None)
    assert calls == [("Qwen/Qwen2.5-VL-3B-Instruct", True)]
    (folder,) = find("3b", None, download=True)
    assert calls[-1] == ("Qwen/Qwen2.5-VL-3B-Instruct", False)
    assert folder.size > 0


@pytest.mark.parametrize("spoil", ["shard", "config", "kind"])
def test_an_incomplete_or_other_folder_is_not_taken(tmp_path, saved, spoil):
    source = saved / "Qwen2.5-VL-3B-Instruct"
    for path in source.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert read_folder("r", tmp_path) is not None
    if spoil == "shard":
        next(tmp_path.glob("*.safetensors")).unlink()
    elif spoil == "config":
        (tmp_path / "config.json").write_text("{")
    else:
        text = (tmp_path / "config.json").read_text()
        (tmp_path / "config.json").write_text(text.replace('"qwen2_5_vl"', '"other"'))
    assert read_folder("r", tmp_path) is None


def test_files_that_cannot_be_read_are_said(tmp_path):
    folder = QwenFolder("Qwen/Qwen2.5-VL-3B-Instruct", tmp_path, 1)
    with pytest.raises(ModelUnavailable, match="fetch it again"):
        load(folder, four_bit=False)


def test_a_vocabulary_without_the_placeholder_is_refused(shared):
    tokenizer = SimpleNamespace(
        convert_tokens_to_ids=lambda _: 0, convert_ids_to_tokens=lambda _: "<unk>"
    )
    with pytest.raises(ModelUnavailable, match="fim_pad"):
        wrap(shared.model, SimpleNamespace(tokenizer=tokenizer), "other")


@pytest.mark.parametrize(
    ("size", "free", "wish", "library", "four_bit"),
    [
        (7 * GB, 24 * GB, None, False, False),
        (16 * GB, 12 * GB, None, True, True),
        (16 * GB, 40 * GB, True, True, True),
        (16 * GB, None, None, False, False),
    ],
)
def test_weights_go_into_four_bits_where_they_must(size, free, wish, library, four_bit):
    assert plan(size, free, wish=wish, library=library) is four_bit


@pytest.mark.parametrize(
    ("free", "wish", "library", "message"),
    [
        (12 * GB, None, False, "19 GB of GPU memory and 12 GB are free"),
        (4 * GB, None, True, "take the 3B model"),
        (12 * GB, False, True, "GPU memory"),
        (40 * GB, True, False, "bitsandbytes"),
        (None, True, False, "bitsandbytes"),
    ],
)
def test_what_fits_in_no_way_is_said(free, wish, library, message):
    with pytest.raises(ReasonerUnavailable, match=message):
        plan(16 * GB, free, wish=wish, library=library)


def test_the_larger_model_gives_way_where_it_does_not_fit(monkeypatch, tmp_path):
    def needs(folder, *, wish):
        assert wish is None
        if folder.repository.endswith("7b"):
            msg = "too large"
            raise ReasonerUnavailable(msg)
        return False

    monkeypatch.setattr(module, "needs_four_bit", needs)
    large, small = (QwenFolder(f"model-{size}", tmp_path, 1) for size in ("7b", "3b"))
    assert local_reasoner((large, small), config()).model == "model-3b"
    with pytest.raises(ReasonerUnavailable, match="too large"):
        local_reasoner((large,), config())
