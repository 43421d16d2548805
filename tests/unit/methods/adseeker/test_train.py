"""Training: it learns, resumes to the same numbers after a kill, leaves out what it must."""

import itertools
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from adapp.auxiliary import bridge_training, pictures
from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.backbones.bridge import bridge_tensors
from adapp.core.detector import SupportSet
from adapp.core.errors import Cancelled, CheckpointMismatch, UsageError
from adapp.methods.adseeker import train
from adapp.methods.adseeker.build import build
from adapp.methods.adseeker.config import VARIANTS
from adapp.methods.adseeker.presets import TINY
from adapp.training.checkpoint import load_checkpoint
from adapp.training.request import TrainingRequest


@pytest.fixture(autouse=True)
def _small(tmp_path, monkeypatch):
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ADAPP_FEATURE_CACHE", raising=False)
    monkeypatch.setattr(pictures, "FAMILIES", ("washer",))
    monkeypatch.setattr(pictures, "DAMAGED", 6)
    monkeypatch.setattr(pictures, "RENDERED_CLEAN", 3)
    monkeypatch.setattr(pictures, "RENDERED_DAMAGED", 3)
    small = partial(BridgeConfig, epochs=4, steps=8, batch=4, warmup=2, learning_rate=3e-3)
    for module in (bridge_training, train):
        monkeypatch.setattr(module, "BridgeConfig", small)


@pytest.fixture
def recipe(monkeypatch):
    """Change the toy preset's training."""

    def change(**changes):
        config = replace(TINY, training=replace(TINY.training, **changes))
        monkeypatch.setattr(train, "config_for", lambda _: config)

    return change


STAGES = 4
ALL_EPOCHS = STAGES * TINY.training.stage_epochs + TINY.training.epochs
SHORT_EPOCHS = STAGES * TINY.training.stage_epochs + 1
"""Of a training that sets the threshold: a third of three joint epochs."""


def request(root, out, **changes):
    settings = {"seed": 3, "variant": "full"} | changes
    return TrainingRequest(preset="tiny", roots=(root,), out=out, **settings)


def card_of(path):
    return json.loads(path.with_suffix(".json").read_text())


def state_of(path):
    return load_checkpoint(path).state


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_every_step_trains_and_runs(root, tmp_path, variant):
    out = train.run(request(root, tmp_path / "one.safetensors", variant=variant), resume=False)
    detector = build("tiny", str(out))
    assert detector.variant == variant
    result = detector.fit(SupportSet("plate")).predict(np.full((60, 60, 3), 90, np.uint8))
    assert np.isfinite(result.fused_map).all()
    assert sorted(p.name for p in tmp_path.glob("one*")) == ["one.json", "one.safetensors"]


def test_stages_train_one_by_one_before_everything_does(root, tmp_path, recipe, monkeypatch):
    recipe(epochs=0, stage_steps=1)
    moved = []
    monkeypatch.setattr(train, "held_out_threshold", lambda *_: GenericThreshold())
    original = torch.optim.AdamW.step

    def watched(self, *args, **kwargs):
        before = {id(p): p.detach().clone() for g in self.param_groups for p in g["params"]}
        found = original(self, *args, **kwargs)
        rows = [p for g in self.param_groups for p in g["params"]]
        moved.append({row for row, p in enumerate(rows) if not torch.equal(before[id(p)], p)})
        return found

    bridge_training.run(request(root, tmp_path / "b.safetensors", variant="head"), resume=False)
    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    monkeypatch.setattr(
        train, "_bridge", lambda *_: bridge_tensors(state_of(tmp_path / "b.safetensors"))
    )
    train.run(request(root, tmp_path / "one.safetensors"), resume=False)
    assert len(moved) == STAGES
    for one, other in itertools.combinations(moved, 2):
        assert one
        assert not one & other


def test_it_learns_what_damage_looks_like(root, tmp_path, recipe):
    recipe(epochs=5, steps=16, batch=8, prompt_rate=1e-2, rate=1e-2)
    out = train.run(request(root, tmp_path / "one.safetensors"), resume=False)
    losses = card_of(out)["losses"]
    assert losses[-1] < 0.8 * losses[4]
    rng = np.random.default_rng(9)
    normal = rng.normal(130, 12, (72, 72, 3)).clip(0, 255).astype(np.uint8)
    damaged = normal.copy()
    damaged[30:50, 30:50] = (250, 20, 20)
    fitted = build("tiny", str(out)).fit(SupportSet("panel"))
    before, after = fitted.predict(normal), fitted.predict(damaged)
    assert after.score > before.score
    outside = after.fused_map.copy()
    outside[30:50, 30:50] = np.nan
    assert after.fused_map[34:46, 34:46].mean() > np.nanquantile(outside, 0.95)


def test_not_one_gradient_reaches_the_bridge_or_an_encoder(root, tmp_path):
    out = train.run(request(root, tmp_path / "one.safetensors"), resume=False)
    trained = state_of(out)
    kept = next((tmp_path / "cache" / "bridges").glob("*.safetensors"))
    for name, tensor in load_checkpoint(kept).state.items():
        if name.startswith("bridge."):
            assert torch.equal(trained[name], tensor)
    assert trained["book.centres"].abs().sum() > 0
    assert trained["taps.stages.0.atoms"].abs().sum() > 0


def test_a_stopped_training_resumes_to_the_same_weights(root, tmp_path):
    whole = train.run(request(root, tmp_path / "whole.safetensors"), resume=False)
    stopped = request(root, tmp_path / "stopped.safetensors")
    seen = []

    def stop(stage, done, total):
        seen.append((stage, done, total))
        if stage == "Training" and total == ALL_EPOCHS and done == ALL_EPOCHS - 1:
            msg = "enough"
            raise Cancelled(msg)

    with pytest.raises(Cancelled):
        train.run(stopped, resume=False, report=stop)
    assert stopped.out.with_suffix(".state").is_file()
    resumed = train.run(stopped, resume=True)
    for name, tensor in state_of(whole).items():
        torch.testing.assert_close(state_of(resumed)[name], tensor, rtol=1e-5, atol=1e-6)
    assert card_of(resumed)["losses"] == pytest.approx(card_of(whole)["losses"], rel=1e-5)
    assert card_of(resumed)["generic_threshold"] == card_of(whole)["generic_threshold"]


def test_a_stop_in_the_last_part_costs_only_that_part(root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors")
    trainings = []

    def stop(stage, done, total):
        if stage == "Training":
            trainings.append((done, total))
            if trainings.count((SHORT_EPOCHS, SHORT_EPOCHS)) == 2:
                msg = "enough"
                raise Cancelled(msg)

    with pytest.raises(Cancelled):
        train.run(asked, resume=False, report=stop)
    trainings.clear()
    train.run(asked, resume=True, report=lambda s, d, t: trainings.append((s, d, t)))
    started = [t for t in trainings if t[0] == "Training" and t[1] < t[2]]
    assert started == [], "finished epochs were trained again"


def test_a_state_of_another_training_is_refused(root, tmp_path):
    out = tmp_path / "one.safetensors"
    torch.save(
        {"fingerprint": "other", "losses": [], "module": {}, "optimizer": {}},
        out.with_suffix(".state"),
    )
    with pytest.raises(CheckpointMismatch, match="another training"):
        train.run(request(root, out), resume=True)


def test_the_card_says_what_stands_behind_it(root, tmp_path):
    out = train.run(request(root, tmp_path / "one.safetensors", epochs=2), resume=False)
    card = card_of(out)
    assert card["method"] == "adseeker"
    assert card["variant"] == "full"
    assert card["setting"] == "zero_shot"
    assert card["trained_on"] == [
        "set/board",
        "set/plate",
        "set/ring",
        "rendered parts of this project",
    ]
    assert card["epochs"] == STAGES + 2
    assert {"hole", "crack"} <= set(card["defect_types"])
    assert card["sha256"] == load_checkpoint(out).sha256
    threshold = card["generic_threshold"]
    assert threshold["categories"] == 3  # the ring has no good picture
    assert threshold["false_alarms"] == TINY.training.false_alarms
    assert "without its category" in threshold["set_on"]
    assert 0 < threshold["image"] < 1
    detector = build("tiny", str(out))
    assert detector.generic == GenericThreshold.of_card(card)
    assert detector.fit(SupportSet("plate")).calibration().image_threshold == threshold["image"]


def test_a_category_left_out_is_seen_neither_by_the_network_nor_by_its_bridge(root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors", epochs=1, leave_out=("set/plate",))
    card = card_of(train.run(asked, resume=False))
    assert card["trained_on"][:2] == ["set/board", "set/ring"]
    assert card["left_out"] == ["set/plate"]
    (kept,) = (tmp_path / "cache" / "bridges").glob("*.json")
    assert "set/plate" not in json.loads(kept.read_text())["trained_on"]


def test_the_steps_of_a_ladder_share_one_bridge(root, tmp_path):
    for variant in ("obj", "full"):
        asked = request(root, tmp_path / f"{variant}.safetensors", variant=variant, epochs=1)
        train.run(asked, resume=False)
    assert len(list((tmp_path / "cache" / "bridges").glob("*.safetensors"))) == 1
    one, other = (state_of(tmp_path / f"{v}.safetensors") for v in ("obj", "full"))
    assert torch.equal(one["bridge.trunk.weight"], other["bridge.trunk.weight"])


def test_the_training_free_step_has_nothing_to_train(root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors", variant="base")
    with pytest.raises(UsageError, match="nothing to train but the bridge"):
        train.run(asked, resume=False)


def test_a_name_that_is_no_safetensors_file_is_refused(root, tmp_path):
    with pytest.raises(UsageError, match=r"must end in \.safetensors"):
        train.run(request(root, tmp_path / "one.pt"), resume=False)
