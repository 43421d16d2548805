"""Training without normal pictures: it learns, resumes, leaves out what it must, says so."""

import math

import numpy as np
import pytest
import torch

from adapp.auxiliary.generic_threshold import GenericThreshold
from adapp.backbones.bridge import bridge_tensors, load_bridge
from adapp.backbones.bridged import BridgedSpace
from adapp.backbones.factory import create_sentences
from adapp.core.detector import SupportSet
from adapp.core.errors import Cancelled, CheckpointMismatch, UsageError
from adapp.training.checkpoint import load_checkpoint
from tests.unit.methods.trainings import card_of, request, state_of

pytestmark = pytest.mark.usefixtures("small")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_every_step_trains_and_runs(sibling, root, tmp_path, number):
    step = sibling.steps[number]
    asked = request(root, tmp_path / "one.safetensors", variant=step)
    detector = sibling.build.build("tiny", str(sibling.train.run(asked, resume=False)))
    assert detector.variant == step
    result = detector.fit(SupportSet("plate")).predict(np.full((60, 60, 3), 90, np.uint8))
    assert np.isfinite(result.fused_map).all()
    assert sorted(p.name for p in tmp_path.glob("one*")) == ["one.json", "one.safetensors"]


def test_it_learns_what_damage_looks_like(sibling, root, tmp_path, recipe):
    recipe(**sibling.learning)
    out = sibling.train.run(request(root, tmp_path / "one.safetensors"), resume=False)
    losses = card_of(out)["losses"]
    assert losses[-1] < 0.8 * losses[sibling.alone]
    rng = np.random.default_rng(9)
    normal = rng.normal(130, 12, (72, 72, 3)).clip(0, 255).astype(np.uint8)
    damaged = normal.copy()
    damaged[30:50, 30:50] = (250, 20, 20)
    fitted = sibling.build.build("tiny", str(out)).fit(SupportSet("panel"))
    before, after = fitted.predict(normal), fitted.predict(damaged)
    assert after.score > before.score
    outside = after.fused_map.copy()
    outside[30:50, 30:50] = np.nan
    assert after.fused_map[34:46, 34:46].mean() > np.nanquantile(outside, 0.95)


def test_not_one_gradient_reaches_the_bridge_or_an_encoder(sibling, root, tmp_path, taught):
    asked = request(root, tmp_path / "one.safetensors")
    trained = load_checkpoint(sibling.train.run(asked, resume=False))
    space = BridgedSpace(
        create_sentences("tiny", device="cpu"), load_bridge(bridge_tensors(trained.state))
    )
    assert "rendered/washer-0" in taught[space.identity]  # bit for bit the bridge it began with
    assert len(taught[space.identity]) == 4
    assert trained.state[sibling.fitted].abs().sum() > 0


def test_what_is_said_of_a_category_held_out_comes_over_a_bridge_that_never_saw_it(
    sibling, root, tmp_path, taught, monkeypatch
):
    looks = []
    original = sibling.held_out.looked_at

    def watched(position, count, look):
        _, lessons, _ = look.args
        looks.append((lessons.shelves[position].category, taught[lessons.joint.identity]))
        return original(position, count, look)

    monkeypatch.setattr(sibling.held_out, "looked_at", watched)
    sibling.train.run(request(root, tmp_path / "one.safetensors", epochs=1), resume=False)
    assert {category for category, _ in looks} == set.union(*taught.values())
    assert all(category not in known for category, known in looks)


def test_a_stopped_training_resumes_to_the_same_weights(sibling, root, tmp_path):
    whole = sibling.train.run(request(root, tmp_path / "whole.safetensors"), resume=False)
    stopped = request(root, tmp_path / "stopped.safetensors")
    epochs = sibling.alone + sibling.presets.TINY.training.epochs

    def stop(stage, done, total):
        if stage == "Training" and total == epochs and done == epochs - 1:
            msg = "enough"
            raise Cancelled(msg)

    with pytest.raises(Cancelled):
        sibling.train.run(stopped, resume=False, report=stop)
    assert stopped.out.with_suffix(".state").is_file()
    resumed = sibling.train.run(stopped, resume=True)
    for name, tensor in state_of(whole).items():
        torch.testing.assert_close(state_of(resumed)[name], tensor, rtol=1e-5, atol=1e-6)
    assert card_of(resumed)["losses"] == pytest.approx(card_of(whole)["losses"], rel=1e-5)
    assert card_of(resumed)["generic_threshold"] == card_of(whole)["generic_threshold"]


def test_a_stop_in_the_last_part_costs_only_that_part(sibling, root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors")
    short = sibling.alone + 1  # of a training that sets the threshold: a third of three epochs
    trainings = []

    def stop(stage, done, total):
        if stage == "Training":
            trainings.append((done, total))
            if trainings.count((short, short)) == 2:
                msg = "enough"
                raise Cancelled(msg)

    with pytest.raises(Cancelled):
        sibling.train.run(asked, resume=False, report=stop)
    trainings.clear()
    sibling.train.run(asked, resume=True, report=lambda s, d, t: trainings.append((s, d, t)))
    started = [t for t in trainings if t[0] == "Training" and t[1] < t[2]]
    assert started == [], "finished epochs were trained again"


def test_a_state_of_another_training_is_refused(sibling, root, tmp_path):
    out = tmp_path / "one.safetensors"
    torch.save(
        {"fingerprint": "other", "losses": [], "module": {}, "optimizer": {}},
        out.with_suffix(".state"),
    )
    with pytest.raises(CheckpointMismatch, match="another training"):
        sibling.train.run(request(root, out), resume=True)


def test_the_card_says_what_stands_behind_it(sibling, root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors", epochs=2)
    out = sibling.train.run(asked, resume=False)
    card = card_of(out)
    assert card["method"] == sibling.name
    assert card["variant"] == "full"
    assert card["setting"] == "zero_shot"
    assert card["trained_on"] == [
        "set/board",
        "set/plate",
        "set/ring",
        "rendered parts of this project",
    ]
    assert card["epochs"] == sibling.alone + 2
    assert ("defect_types" in card) is (sibling.name == "adseeker")
    assert {"hole", "crack"} <= set(card.get("defect_types", ("hole", "crack")))
    assert ("type_accuracy" in card) is (sibling.name == "adseeker")
    assert card["sha256"] == load_checkpoint(out).sha256
    threshold = card["generic_threshold"]
    assert threshold["categories"] == 3  # the ring has no good picture
    assert threshold["false_alarms"] == sibling.presets.TINY.training.false_alarms
    assert "without its category" in threshold["set_on"]
    assert 0 < threshold["image"] < sibling.top
    detector = sibling.build.build("tiny", str(out))
    assert detector.generic == GenericThreshold.of_card(card, (math.nan, math.nan))
    assert detector.fit(SupportSet("plate")).calibration().image_threshold == threshold["image"]


def test_a_category_left_out_is_seen_neither_by_the_network_nor_by_a_bridge(
    sibling, root, tmp_path, taught
):
    asked = request(root, tmp_path / "one.safetensors", epochs=1, leave_out=("set/plate",))
    card = card_of(sibling.train.run(asked, resume=False))
    assert card["trained_on"][:2] == ["set/board", "set/ring"]
    assert card["left_out"] == ["set/plate"]
    assert "set/plate" not in set.union(*taught.values())


def test_the_steps_of_a_ladder_share_their_bridges(sibling, root, tmp_path, taught):
    bridges = []
    for step in (sibling.steps[1], "full"):
        asked = request(root, tmp_path / f"{step}.safetensors", variant=step, epochs=1)
        out = sibling.train.run(asked, resume=False)
        bridges.append((state_of(out)["bridge.trunk.weight"], set(taught)))
        taught.clear()
    (one, spaces), (other, again) = bridges
    assert torch.equal(one, other)
    assert spaces == again


def test_the_training_free_step_has_nothing_to_train(sibling, root, tmp_path):
    asked = request(root, tmp_path / "one.safetensors", variant="base")
    with pytest.raises(UsageError, match="nothing to train but the bridge"):
        sibling.train.run(asked, resume=False)


def test_a_name_that_is_no_safetensors_file_is_refused(sibling, root, tmp_path):
    with pytest.raises(UsageError, match=r"must end in \.safetensors"):
        sibling.train.run(request(root, tmp_path / "one.pt"), resume=False)
