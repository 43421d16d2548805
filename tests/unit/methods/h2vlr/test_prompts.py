"""Prompts: enough of each level, a row for every part of the known data sets, words for others."""

import pytest

from adapp.methods.h2vlr.defect_phrases import GENERIC_DEFECTS, PARTS
from adapp.methods.h2vlr.prompts import (
    PREFIX,
    SLOTS,
    UNKNOWN,
    part_words,
    prompt_set,
    prompts_for,
)

KNOWN = {
    "mvtec": "bottle cable capsule carpet grid hazelnut leather metal_nut pill screw tile "
    "toothbrush transistor wood zipper",
    "visa": "candle capsules cashew chewinggum fryum macaroni1 macaroni2 pcb1 pcb2 pcb3 pcb4 "
    "pipe_fryum",
    "btad": "01 02 03",
    "mpdd": "bracket_black bracket_brown bracket_white connector metal_plate tubes",
    "medical": "brain_mri liver_ct busi breast_ultrasound BrainMRI LiverCT",
}


@pytest.mark.parametrize(
    "category", [f"{data}/{part}" for data, parts in KNOWN.items() for part in parts.split()]
)
def test_known_parts_have_their_own_defects(category):
    words = part_words(category)
    assert words in PARTS.values()
    assert 2 <= len(words.defects) <= 8
    assert words.defects not in GENERIC_DEFECTS.values()
    assert (words.domain == "medical") is category.startswith("medical")


@pytest.mark.parametrize("category", ["bottle", "pcb3", "busi", "set/coffee_leaf"])
def test_prompts_are_as_many_as_asked(category):
    prompts = prompts_for(category)
    assert 16 <= len(prompts.normal) <= 24
    assert 24 <= len(prompts.abnormal) <= 40
    assert len(prompts.levels) == len(prompts.texts)
    assert set(prompts.levels[: len(prompts.normal)]) == {"global", "local"}
    assert set(prompts.levels[len(prompts.normal) :]) == {"global", "special", "local"}


@pytest.mark.parametrize("category", ["bottle", "liver_ct", "made/up_thing7"])
def test_every_prompt_starts_with_the_slots_and_names_the_part(category):
    prompts = prompts_for(category)
    assert len(PREFIX.split()) == SLOTS
    assert all(text.startswith(f"{PREFIX} ") for text in prompts.texts)
    assert all(prompts.part in text for text in prompts.texts)
    assert len(set(prompts.texts)) == len(prompts.texts)


def test_a_number_or_a_folder_before_the_name_does_not_matter():
    assert part_words("visa/pcb1") == part_words("PCB-4") == part_words("pcb")
    assert part_words("macaroni2").name == "macaroni"


def test_a_part_nobody_listed_gets_its_own_words_and_generic_defects():
    words = part_words("plant/rubber_ring_12")
    assert words.name == "rubber ring"
    assert words.defects == GENERIC_DEFECTS["industrial"]
    for name in ("knee_x-ray", "ph2/skin", "lung ct 3"):
        words = part_words(name)
        assert (words.domain, words.defects) == ("medical", GENERIC_DEFECTS["medical"])
        assert not any("scratch" in text for text in prompt_set(words).texts)
    assert part_words("skinny_bracket").domain == "industrial"


@pytest.mark.parametrize("category", ["", "  ", "42", "set/007"])
def test_a_name_without_a_letter_is_an_object(category):
    assert part_words(category).name == UNKNOWN


def test_medical_parts_are_healthy_and_not_flawless():
    text = " ".join(prompts_for("brain_mri").texts)
    assert "healthy brain" in text
    assert "flawless" not in text


def test_the_special_prompts_are_the_parts_own():
    prompts = prompts_for("zipper")
    special = [
        t for t, level in zip(prompts.texts, prompts.levels, strict=True) if level == "special"
    ]
    assert special == [f"{PREFIX} zipper with {defect}" for defect in PARTS["zipper"].defects]
    assert prompt_set(PARTS["zipper"]) == prompts
