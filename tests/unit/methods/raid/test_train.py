"""Training: same numbers after a kill, cards that tell the truth, tuning that can be undone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import adapp
from adapp.core.errors import CheckpointMismatch, UsageError
from adapp.methods.raid.train import run
from adapp.training.checkpoint import load_checkpoint
from adapp.training.request import TrainingRequest

EPOCHS = 12


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ADAPP_FEATURE_CACHE", raising=False)


@pytest.fixture
def root(tmp_path):
    rng = np.random.default_rng(0)
    for category, colour in (("plate", 90), ("board", 160)):
        folder = tmp_path / "set" / category / "train" / "good"
        folder.mkdir(parents=True)
        for number in range(5):
            image = rng.normal(colour, 12, size=(72, 72, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(image).save(folder / f"{number}.png")
    return tmp_path / "set"


def request(root: Path, out: Path, **changes) -> TrainingRequest:
    settings = {"epochs": EPOCHS, "seed": 3, "multi_class": True, "variant": "full"} | changes
    return TrainingRequest(preset="tiny", roots=(root,), out=out, **settings)


def state_of(path: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(path).state


def test_a_killed_training_resumes_to_the_same_weights(root, tmp_path):
    whole = run(request(root, tmp_path / "whole.safetensors"), resume=False)
    killed = tmp_path / "killed.safetensors"
    state = killed.with_suffix(".state")
    command = [sys.executable, "-m", "adapp", "train", "--method", "raid", "--preset", "tiny"]
    command += ["--data", str(root), "--out", str(killed), "--epochs", str(EPOCHS)]
    command += ["--seed", "3", "--multi-class"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ.copy())
    deadline = time.monotonic() + 120
    while not state.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert state.exists(), "the training was over before it could be killed"
    done = len(torch.load(state, weights_only=True)["losses"])
    assert 1 <= done < EPOCHS
    resumed = run(request(root, killed), resume=True)
    assert not state.exists()
    for name, tensor in state_of(whole).items():
        torch.testing.assert_close(state_of(resumed)[name], tensor, rtol=1e-5, atol=1e-6)
    losses = [json.loads(p.with_suffix(".json").read_text())["losses"] for p in (whole, resumed)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_state_of_another_training_is_refused(root, tmp_path):
    out = tmp_path / "one.safetensors"
    state = out.with_suffix(".state")
    torch.save({"fingerprint": "other", "losses": [], "module": {}, "optimizer": {}}, state)
    with pytest.raises(CheckpointMismatch, match="another training"):
        run(request(root, out), resume=True)


def test_the_card_says_what_it_was_trained_on(root, tmp_path):
    out = run(request(root, tmp_path / "one.safetensors", epochs=1), resume=False)
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["trained_on"] == ["set/board", "set/plate"]
    assert card["setting"] == "multi_class"
    assert card["sha256"] == load_checkpoint(out).sha256
    assert card["epochs"] == 1


def test_a_category_left_out_is_not_seen(root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors", epochs=1, leave_out=("set/plate",))
    card = json.loads(run(asked, resume=False).with_suffix(".json").read_text())
    assert card["trained_on"] == ["set/board"]
    assert card["left_out"] == ["set/plate"]


def test_a_category_that_does_not_exist_cannot_be_left_out(root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors", leave_out=("set/gone",))
    with pytest.raises(UsageError, match="set/gone"):
        run(asked, resume=False)


def test_retrieval_has_nothing_to_train(root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors", variant="retrieval")
    with pytest.raises(UsageError, match="nothing to train"):
        run(asked, resume=False)


def test_a_trained_checkpoint_runs_and_tuning_leaves_it_untouched(root, tmp_path):
    out = run(request(root, tmp_path / "one.safetensors"), resume=False)
    detector = adapp.load_detector("raid", preset="tiny", checkpoint=str(out))
    assert detector.variant == "full"
    rng = np.random.default_rng(1)
    images = [rng.normal(90, 12, (72, 72, 3)).clip(0, 255).astype(np.uint8) for _ in range(3)]
    fitted = detector.fit(adapp.SupportSet("plate", images[:2]))
    before = fitted.predict(images[2])
    stages = []
    tuned = fitted.tune(lambda stage, done, total: stages.append((stage, done, total)))
    after = tuned.predict(images[2])
    again = fitted.predict(images[2])
    assert np.array_equal(before.fused_map, again.fused_map)
    assert not np.allclose(before.fused_map, after.fused_map, atol=1e-6)
    assert np.array_equal(before.base_map, after.base_map)
    assert tuned.provenance.checkpoint_sha256 != fitted.provenance.checkpoint_sha256
    assert stages[-1][1] == stages[-1][2] > 0
