"""The generic threshold's short trainings: who is left out of which, and what is kept of them."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from adapp.auxiliary.held_out import held_out_threshold
from adapp.training.loop import LoopPlan

PLAN = LoopPlan(4, 0, None, "main", resume=False)


def shelves(count):
    return [SimpleNamespace(kinds=("real",)) for _ in range(count)]


def run(count, folds, plan=PLAN, unscored=()):
    """Return the threshold, who was left out of each training, and what scored each shelf."""
    trainings, scorers = [], {}

    def train(left_out, part):
        trainings.append((tuple(left_out), part))
        return len(trainings) - 1

    def scored(network, position):
        scorers[position] = network
        if position in unscored:
            return None
        return np.full(10, float(position)), np.full(10, position / 100)

    found = held_out_threshold(shelves(count), folds, plan, train, scored, 0.25)
    return found, trainings, scorers


def test_every_category_is_scored_by_a_training_without_it():
    found, trainings, scorers = run(7, 3)
    assert sorted(scorers) == list(range(7))
    for position, network in scorers.items():
        assert position in trainings[network][0]
    assert (found.categories, found.pictures) == (7, 70)
    assert found.image == 5.0  # one of seven lies above; six would be too few for a quarter


def test_trainings_have_marks_and_states_of_their_own(tmp_path):
    plan = LoopPlan(4, 0, tmp_path / "one.state", "main", resume=True)
    for number in range(2):
        (tmp_path / f"one.state{number}").write_bytes(b"kept")
    _, trainings, _ = run(4, 2, plan)
    assert [part.fingerprint for _, part in trainings] == ["main 0", "main 1"]
    paths = [part.state_path for _, part in trainings]
    assert paths == [tmp_path / "one.state0", tmp_path / "one.state1"]
    assert list(Path(tmp_path).iterdir()) == [], "states are forgotten at the end"


def test_with_a_single_category_there_is_nothing_else_to_learn_from():
    _, trainings, _ = run(1, 3)
    assert [left_out for left_out, _ in trainings] == [()]


def test_without_good_pictures_there_is_no_threshold():
    assert run(2, 2, unscored=(0, 1))[0] is None
    assert run(2, 2, unscored=(0,))[0].image == pytest.approx(1.0)
