"""What the form says of a method before it runs."""

from dataclasses import replace

import pytest

from adapp.methods.registry import METHODS
from adapp.ui import method_view
from tests.fakes import FAKE_METHODS
from tests.page import read

RAID = METHODS["raid"]
GRAPH, WORDS = FAKE_METHODS["h2vlr"], FAKE_METHODS["kanoclip"]
BOTH = replace(WORDS, regimes=frozenset({"zero_shot", "few_shot"}))


def test_label_says_what_a_method_needs():
    assert method_view.label(GRAPH) == "H2VLR (few-shot)"
    assert method_view.label(WORDS) == "KAnoCLIP (zero-shot)"


@pytest.mark.parametrize(
    ("info", "told"),
    [
        (RAID, "Needs pictures of good parts"),
        (WORDS, "those given only calibrate the threshold"),
        (BOTH, "with them it compares too"),
    ],
)
def test_note_says_what_good_pictures_are_for(info, told):
    assert told in read(method_view.note_html(info, "embedded", "open")).text


def test_variant_and_checkpoint_stand_beside_the_name():
    text = read(method_view.note_html(GRAPH, "embedded", "research")).text
    assert text.startswith("H2VLR full, checkpoint research")


def test_preset_without_shipped_checkpoints_names_what_runs_instead():
    told = method_view.variant(GRAPH, "paper", "open")
    assert told == (
        "full with checkpoint open where the preset paper has one, else sab (nothing trained)"
    )


def test_checkpoint_file_runs_as_it_was_trained():
    told = method_view.variant(GRAPH, "embedded", "/somewhere/mine.safetensors")
    assert told == "checkpoint mine.safetensors, in the variant it was trained as"


def test_normal_pictures_are_optional_only_where_they_are():
    assert "optional" not in method_view.support_key(RAID)
    assert "optional" in method_view.support_key(WORDS)
    assert "KAnoCLIP works without good pictures" in method_view.support_hint(WORDS)


def test_part_name_is_explained_with_what_an_empty_one_means():
    assert 'Empty means "object"' in method_view.part_hint(WORDS)
    assert "RAID does not use it" in method_view.part_hint(RAID)


def test_what_learns_nothing_has_nothing_to_tune():
    assert "nothing to tune" in method_view.tune_hint(WORDS)
    assert "Adapts the method" in method_view.tune_hint(GRAPH)
