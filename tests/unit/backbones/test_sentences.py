import threading

import pytest
import torch

from adapp.backbones.base import TextTokens
from adapp.backbones.factory import create_sentences
from adapp.backbones.prompt_cache import KEPT_LISTS, PromptCache
from adapp.backbones.sentences import BATCH
from adapp.backbones.tiny_text import vocabulary

PROMPTS = ["a photo of a damaged bottle", "perfect", "x x x x normal part"]


@pytest.fixture(scope="module")
def tower():
    return create_sentences("tiny", device="cpu")


def test_the_toy_is_the_same_in_every_load_whatever_the_global_seed(tower):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    again = create_sentences("tiny", device="cpu")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(again.sentences(PROMPTS), tower.sentences(PROMPTS))
    assert "tests only" in tower.identity


def test_the_toy_spells_any_lower_case_word():
    words = vocabulary()
    assert len(set(words)) == len(words)
    tower = create_sentences("tiny", device="cpu")
    unknown = tower.tokenize(["\N{SNOWMAN}"]).embeddings[0, 1]
    spelt = tower.tokenize(["qxz 42, (b)!"]).embeddings[0]
    assert not any(torch.equal(piece, unknown) for piece in spelt)


def test_placeholders_are_one_token_each_from_position_one(tower):
    tokens = tower.tokenize(["x x x x normal part", "a photo of"])
    assert tokens.embeddings.shape == (2, 8, tower.token_width)
    assert tokens.mask.sum(dim=1).tolist() == [8, 5]
    slots = tokens.embeddings[0, 1:5]
    assert torch.equal(slots, slots[:1].expand(4, -1))
    assert not torch.equal(tokens.embeddings[0, 0], slots[0])
    assert torch.equal(tokens.embeddings[0, 7], tokens.embeddings[1, 4])  # the end token


def test_sentence_vectors_have_unit_norm_and_tell_prompts_apart(tower):
    found = tower.sentences(PROMPTS)
    assert found.shape == (3, tower.width)
    assert torch.allclose(found.norm(dim=-1), torch.ones(3), atol=1e-5)
    assert (found @ found.T).fill_diagonal_(0).max() < 0.99


def test_padding_and_company_change_nothing(tower):
    together = tower.sentences(PROMPTS)
    assert torch.allclose(tower.sentences(PROMPTS[1:2])[0], together[1], atol=1e-5)


def test_the_order_of_words_matters(tower):
    found = tower.sentences(["hole in part", "part in hole"])
    assert not torch.allclose(found[0], found[1], atol=1e-3)


def test_more_prompts_than_a_batch_come_back_in_order(tower):
    prompts = [f"part {number}" for number in range(BATCH + 3)]
    found = tower.sentences(prompts)
    assert torch.allclose(found[-1], tower.sentences(prompts[-1:])[0], atol=1e-5)


def test_gradients_reach_real_words_and_no_frozen_weight(tower):
    tokens = tower.tokenize(PROMPTS)
    embeddings = tokens.embeddings.clone().requires_grad_()
    tower.encode(TextTokens(embeddings, tokens.mask))[:, 0].sum().backward()
    assert torch.equal(embeddings.grad.abs().sum(dim=-1) > 0, tokens.mask)
    assert all(p.grad is None and not p.requires_grad for p in tower._model.parameters())


def test_nothing_is_dropped_at_random(tower):
    tokens = tower.tokenize(PROMPTS)
    assert torch.equal(tower.encode(tokens), tower.encode(tokens))
    assert not tower._model.training


def test_a_long_prompt_loses_whole_words_at_its_end(tower):
    long = "part " * (tower.max_tokens - 3) + "qqqq"
    tokens = tower.tokenize([long])
    assert tokens.mask.shape == (1, tower.max_tokens - 1)
    assert torch.equal(tokens.embeddings, tower.tokenize([long.removesuffix("qqqq")]).embeddings)


def test_more_positions_than_fit_are_refused(tower):
    length = tower.max_tokens + 1
    mask = torch.ones(1, length, dtype=torch.bool)
    with pytest.raises(ValueError, match=f"at most {tower.max_tokens}"):
        tower.encode(TextTokens(torch.zeros(1, length, tower.token_width), mask))


@pytest.mark.parametrize("ask", ["tokenize", "sentences"])
def test_no_prompt_is_refused(tower, ask):
    with pytest.raises(ValueError, match="at least one"):
        getattr(tower, ask)([])


def test_a_list_of_prompts_is_encoded_once(monkeypatch):
    tower = create_sentences("tiny", device="cpu")
    first = tower.sentences(PROMPTS)
    monkeypatch.setattr(tower, "encode", lambda _: pytest.fail("encoded again"))
    assert tower.sentences(tuple(PROMPTS)) is first


def test_the_oldest_list_of_prompts_is_forgotten_first():
    cache, made = PromptCache(), []

    def make(prompts):
        made.append(prompts)
        return prompts

    for number in range(KEPT_LISTS):
        cache.get([str(number)], make)
    cache.get(["0"], make)  # used again, so "1" is the oldest now
    cache.get(["new"], make)
    cache.get(["0"], make)
    assert len(made) == KEPT_LISTS + 1
    cache.get(["1"], make)
    assert made[-1] == ("1",)


def test_threads_share_one_tower(tower):
    expected = tower.sentences(["close up of a flaw"])
    found = []

    def encode():
        found.append(tower.encode(tower.tokenize(["close up of a flaw"])))

    threads = [threading.Thread(target=encode) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(torch.allclose(vector, expected, atol=1e-6) for vector in found)
