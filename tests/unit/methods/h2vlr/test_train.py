"""Training: the ladder shares its mapper, a resume gives the same weights, cards tell the truth."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from adapp.auxiliary import pictures as auxiliary_pictures
from adapp.core.errors import Cancelled, CheckpointMismatch, UsageError
from adapp.methods.h2vlr.bridges import make_spaces
from adapp.methods.h2vlr.build import build
from adapp.methods.h2vlr.optimise import stages_of
from adapp.methods.h2vlr.presets import PAPER, TINY
from adapp.methods.h2vlr.train import run
from adapp.training.checkpoint import load_checkpoint
from adapp.training.request import TrainingRequest
from tests.unit.methods.h2vlr.planted_parts import shelf


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ADAPP_FEATURE_CACHE", raising=False)
    monkeypatch.setattr(auxiliary_pictures, "FAMILIES", ())  # rendering takes most of the time
    monkeypatch.setattr(auxiliary_pictures, "DAMAGED", 6)


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    for category, colour in (("plate", 90), ("board", 160), ("ring", 120)):
        folder = tmp_path / "set" / category / "train" / "good"
        folder.mkdir(parents=True)
        for number in range(6):
            image = rng.normal(colour, 12, size=(72, 72, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(image).save(folder / f"{number}.png")
    return tmp_path / "set"


def request(root, out, **changes):
    settings = {"epochs": 2, "seed": 3, "variant": "full"} | changes
    return TrainingRequest(preset="tiny", roots=(root,), out=out, **settings)


def state_of(path):
    return load_checkpoint(path).state


def test_full_and_dsi_share_the_mapper_and_the_bridge(root, tmp_path):
    full = state_of(run(request(root, tmp_path / "full.safetensors"), resume=False))
    dsi = state_of(run(request(root, tmp_path / "dsi.safetensors", variant="dsi"), resume=False))
    assert {name.split(".")[0] for name in dsi} == {"mapper", "bridge"}
    own = {name.split(".")[0] for name in full}
    assert own == {"mapper", "reasoner", "score", "bridge", "slope", "offset"}
    for name, tensor in dsi.items():
        assert torch.equal(tensor, full[name]), name
    assert float(full["mapper.outer.weight"].abs().max()) > 0  # it was zero before training
    assert float(full["reasoner.decision.weight"].abs().max()) > 0


def test_an_interrupted_training_resumes_to_the_same_weights(root, tmp_path):
    whole = run(request(root, tmp_path / "whole.safetensors"), resume=False)
    cut = tmp_path / "cut.safetensors"

    def stop(stage, done, total):
        if (
            stage == "Training"
            and total == 2
            and done == 1
            and cut.with_suffix(".reason.state").exists()
        ):
            raise Cancelled

    with pytest.raises(Cancelled):
        run(request(root, cut), resume=False, report=stop)
    assert len(torch.load(cut.with_suffix(".reason.state"), weights_only=True)["losses"]) == 1
    run(request(root, cut), resume=True)
    assert not list(tmp_path.glob("cut*.state"))
    for name, tensor in state_of(whole).items():
        torch.testing.assert_close(state_of(cut)[name], tensor, rtol=1e-5, atol=1e-6)
    losses = [json.loads(p.with_suffix(".json").read_text())["losses"] for p in (whole, cut)]
    assert losses[0]["reason"] == pytest.approx(losses[1]["reason"], rel=1e-5)


def test_a_state_of_another_training_is_refused(root, tmp_path):
    out = tmp_path / "one.safetensors"
    state = {"fingerprint": "other", "losses": [], "module": {}, "optimizer": {}}
    torch.save(state, out.with_suffix(".induce.state"))
    with pytest.raises(CheckpointMismatch, match="another training"):
        run(request(root, out), resume=True)


def test_the_card_says_what_it_was_trained_on_and_the_detector_shows_it(root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors", epochs=1, leave_out=("set/plate",))
    path = run(asked, resume=False)
    card = json.loads(path.with_suffix(".json").read_text())
    assert card["trained_on"] == ["set/board", "set/ring"]
    assert card["left_out"] == ["set/plate"]
    assert card["setting"] == "few_shot"
    assert card["epochs"] == {"induce": 1, "reason": 1}
    assert card["config"]["graph"]["neighbours"] == TINY.graph.neighbours
    detector = build("tiny", str(path))
    assert detector.variant == "full"
    assert detector.provenance.trained_on == ("set/board", "set/ring")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"variant": "sab"}, "nothing to train"),
        ({"multi_class": True}, "leave --multi-class out"),
        ({"leave_out": ("set/gone",)}, "set/gone"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(root, tmp_path, changes, said):
    with pytest.raises(UsageError, match=said):
        run(request(root, tmp_path / "one.safetensors", **changes), resume=False)


def test_another_ending_is_refused(root, tmp_path):
    with pytest.raises(UsageError, match="must end in"):
        run(request(root, tmp_path / "one.pt"), resume=False)


def test_the_published_training_is_one_stage_and_ours_two():
    assert [name for name, _ in stages_of("full", PAPER)] == ["joint"]
    assert [name for name, _ in stages_of("full", TINY)] == ["induce", "reason"]
    assert [name for name, _ in stages_of("dsi", PAPER)] == ["induce"]
    assert stages_of("sghm", TINY) == stages_of("dsi", TINY)
    assert PAPER.reason.optimiser == "sgd"
    assert (PAPER.reason.rate, PAPER.reason.epochs) == (2e-3, 100)


def test_text_evidence_of_a_category_comes_from_a_bridge_that_never_saw_it(tmp_path):
    shelves = [shelf(category=f"set/{number}", seed=number) for number in range(3)]
    folder = tmp_path / "bridges"
    spaces = make_spaces("tiny", shelves, TINY, tmp_path, seed=0)
    assert spaces.of_shelf[0] is spaces.of_shelf[2]  # two parts: 0 and 2, and 1
    assert spaces.of_shelf[0] is not spaces.of_shelf[1]
    assert spaces.kept.identity not in {space.identity for space in spaces.of_shelf}
    patches = torch.randn(4, 1, 9, 64)
    for space in spaces.of_shelf:
        torch.testing.assert_close(space.project(patches), spaces.kept.project(patches))
    kept = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(kept) == 3
    again = make_spaces("tiny", shelves, TINY, tmp_path, seed=0)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == kept
    assert again.kept.identity == spaces.kept.identity
    single = make_spaces("tiny", shelves, replace(TINY, cross_fit=0), tmp_path, seed=0)
    assert all(space is single.kept for space in single.of_shelf)
