"""The generic threshold's short trainings: who is left out of which, and what is kept of them."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from adapp.auxiliary.held_out import CHUNK, Unseen, held_out, looked_at, settled
from adapp.auxiliary.picture_reader import PictureReader
from adapp.training.loop import LoopPlan

PLAN = LoopPlan(4, 0, None, "main", resume=False)


def shelves(count):
    return [SimpleNamespace(kinds=("real",)) for _ in range(count)]


def unseen(position, *, anomalous=(), readings=None):
    """Return ten pictures whose scores are their category's number."""
    label = torch.zeros(10, dtype=torch.uint8)
    label[list(anomalous)] = 1
    return Unseen(label, torch.full((10,), position / 100), torch.full((10,), position), readings)


def run(count, folds, plan=PLAN):
    """Return what was found, who was left out of each training, and what saw each shelf."""
    trainings, seers = [], {}

    def train(left_out, part):
        trainings.append((tuple(left_out), part))
        return len(trainings) - 1

    def seen(network, position):
        seers[position] = network
        return unseen(float(position))

    found = held_out(shelves(count), folds, plan, train, seen)
    return found, trainings, seers


def test_every_category_is_seen_by_a_training_without_it():
    found, trainings, seers = run(7, 3)
    assert sorted(seers) == list(range(7))
    for position, network in seers.items():
        assert position in trainings[network][0]
    assert len(found) == 7


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


def test_the_threshold_lies_above_all_but_a_share_of_the_good_pictures():
    looks = {n: unseen(float(n)) for n in range(7)}
    found = settled(shelves(7), looks, None, torch.sigmoid, 0.25)
    assert (found.categories, found.pictures) == (7, 70)
    assert found.image == 5.0  # one of seven lies above; six would be too few for a quarter


def test_rendered_parts_do_not_pull_the_threshold_down():
    looks = {n: unseen(float(9 - n)) for n in range(9)}
    kinds = [SimpleNamespace(kinds=("real", "synthetic"))] * 4
    kinds += [SimpleNamespace(kinds=("rendered",))] * 5
    found = settled(kinds, looks, None, torch.sigmoid, 0.25)
    assert (found.image, found.categories, found.pictures) == (8.0, 4, 40)


def test_anomalous_pictures_do_not_count_for_the_threshold():
    bad = unseen(9.0, anomalous=range(10))
    assert settled(shelves(1), {0: bad}, None, torch.sigmoid, 0.25) is None
    found = settled(shelves(2), {0: bad, 1: unseen(1.0)}, None, torch.sigmoid, 0.25)
    assert found.image == pytest.approx(1.0)
    assert found.categories == 1


def test_a_reader_is_fitted_first_and_its_scores_count():
    generator = torch.Generator().manual_seed(0)
    readings = torch.randn(10, 8, generator=generator)
    readings[:5, 3] += 6.0
    reader = PictureReader(1)
    one = unseen(500.0, anomalous=range(5), readings=readings)
    found = settled(shelves(1), {0: one}, reader, torch.sigmoid, 0.2)
    told = torch.sigmoid(reader(readings))
    assert told[:5].min() > told[5:].max()
    assert found.image == pytest.approx(float(told[5:].sort().values[3]))


@pytest.mark.parametrize("read", [True, False])
def test_all_pictures_of_a_shelf_are_looked_at_a_few_at_a_time(read):
    chunks = []

    def look(places):
        chunks.append(places)
        rows = torch.tensor([float(row) for _, row in places])
        return Unseen(rows % 2, rows / 100, rows, rows[:, None] if read else None)

    found = looked_at(3, 2 * CHUNK + 1, look)
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, 1]
    assert {position for chunk in chunks for position, _ in chunk} == {3}
    rows = torch.arange(2.0 * CHUNK + 1)
    assert torch.equal(found.scores, rows)
    assert torch.equal(found.label, rows % 2)
    torch.testing.assert_close(found.peaks, rows / 100)
    assert torch.equal(found.readings[:, 0], rows) if read else found.readings is None
