"""A method's card tells of its checkpoints what their own cards tell."""

import json
from dataclasses import asdict

import pytest

from adapp.services.method_cards import method_cards
from adapp.services.region_types import type_note
from tests.fakes import ACCURACY, FAKE_METHODS


@pytest.fixture
def ship(tmp_path):
    """Return a function that ships a checkpoint with a card and returns what is told of it."""

    def told(**card):
        weights = tmp_path / "adseeker-embedded-open.safetensors"
        weights.write_bytes(b"weights")
        weights.with_suffix(".json").write_text(json.dumps({"trained_on": ["a"], **card}))
        (found,) = method_cards({"adseeker": FAKE_METHODS["adseeker"]}, tmp_path)
        (checkpoint,) = found.checkpoints
        return checkpoint

    return told


def test_accuracy_of_types_is_told_for_the_checkpoint(ship):
    names = ["scratch", "hole"]
    assert ship(defect_types=names, type_accuracy=asdict(ACCURACY)).types == type_note(ACCURACY)
    assert "not measured" in ship(defect_types=names).types


def test_checkpoint_that_names_no_type_says_nothing_of_them(ship):
    assert ship().types == ""
    assert ship(defect_types=[]).types == ""
