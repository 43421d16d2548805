"""The knowledge base: complete, of auxiliary classes only, and sentences that tell the truth."""

import json
import re

import numpy as np
import pytest

from adapp.core.errors import UsageError
from adapp.data.procedural import FAMILIES
from adapp.data.terms import PERMISSIVE, RESTRICTED
from adapp.methods.kanoclip.descriptions import (
    GENERIC,
    PER_CLASS,
    SHIPPED,
    load_descriptions,
    parse,
    picture_sentence,
)

MVTEC = (
    "bottle cable capsule carpet grid hazelnut leather metal_nut pill screw tile toothbrush "
    "transistor wood zipper"
)
VISA = (
    "candle capsules cashew chewinggum fryum macaroni macaroni1 macaroni2 pcb pcb1 pcb2 pcb3 pcb4 "
    "pipe_fryum"
)
BTAD = ["01", "02", "03", "product 01", "product 02", "product 03"]
# metal_plate is one of the project's own training categories
MPDD = ["bracket_black", "bracket_brown", "bracket_white", "connector", "tubes"]
OTHERS = (
    "brainmri brain_mri headct head_ct br35h covid19 covid_19 livertct liver_ct resc retina_resc "
    "sdd ksdd ksdd2 kolektorsdd dagm dtd breakfast_box juice_bottle pushpins screw_bag "
    "splicing_connectors"
)
TEST_CLASSES = [*f"{MVTEC} {VISA} {OTHERS}".split(), *BTAD, *MPDD]
HEIGHT, WIDTH = 90, 120


def plain(name):
    """Return a name without case, separators and plural."""
    return re.sub(r"[^a-z0-9]", "", name.lower()).rstrip("s") or name


@pytest.fixture(scope="module")
def base():
    return load_descriptions()


@pytest.fixture(scope="module")
def told():
    return json.loads(SHIPPED.read_text("utf-8"))


def test_no_test_class_appears(base, told):
    forbidden = {plain(name) for name in TEST_CLASSES}
    keys = {plain(name) for name in base.classes}
    names = {plain(name) for known in base.classes.values() for name in known.names}
    assert keys & forbidden == set()
    assert names & forbidden == set()
    sets = {category.split("/")[0] for category in base.categories}
    assert sets <= PERMISSIVE | RESTRICTED | {"rendered"}
    assert [c for c in base.categories if c.startswith("mpdd/")] == ["mpdd/metal_plate"]
    assert told["version"] == 1


def test_every_training_set_and_every_rendered_family_is_described(base):
    sets = {category.split("/")[0] for category in base.categories}
    assert sets == PERMISSIVE | RESTRICTED | {"rendered"}
    rendered = {f"rendered/{family}" for family in FAMILIES}
    assert {c for c in base.categories if c.startswith("rendered/")} == rendered


def test_five_different_sentences_a_class(base):
    sentences = [text for known in base.classes.values() for text in known.descriptions]
    assert len(sentences) == len(set(sentences)) == PER_CLASS * len(base.classes)
    for text in sentences:
        assert text.endswith(".")
        assert 5 <= len(text.split()) <= 30


def test_a_category_finds_its_class(base):
    assert base.of("magnetic_tile/tile").name == "magnetic tile"
    assert base.of("rendered/gear-0").name == base.of("rendered/gear-13").name == "gear"
    assert base.of("my/widget").name == GENERIC
    assert base.of("my/widget").names[0] == GENERIC


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told | {"version": 9},
        lambda told: told | {"classes": {}},
        lambda told: (
            told
            | {"classes": told["classes"] | {"odd": {"names": ["odd"], "descriptions": ["One."]}}}
        ),
        lambda _: [],
    ],
    ids=["version", "no object", "too few", "no mapping"],
)
def test_what_is_no_knowledge_base_is_refused(told, change):
    with pytest.raises(UsageError):
        parse(change(told))


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("{", "utf-8")
    for path in (broken, tmp_path / "absent.json"):
        with pytest.raises(UsageError, match="cannot be read"):
            load_descriptions(path)


def mask(rows, columns):
    drawn = np.zeros((HEIGHT, WIDTH), dtype=bool)
    drawn[rows, columns] = True
    return drawn


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        (slice(2, 8), slice(2, 8), "a small rounded hole at the top left"),
        (slice(40, 42), slice(5, 115), "a medium-sized horizontal, thin hole in the centre"),
        (slice(5, 85), slice(118, 119), "a small vertical, thin hole at the right"),
        (slice(60, 88), slice(40, 80), "a large rounded hole at the bottom"),
        (slice(80, 83), slice(100, 104), "a tiny rounded hole at the bottom right"),
        (slice(70, 80), slice(10, 35), "a medium-sized elongated hole at the bottom left"),
    ],
)
def test_a_sentence_tells_place_size_shape_and_type(rows, columns, said):
    sentence = picture_sentence(mask(rows, columns), "metal plate", "hole")
    assert sentence == f"The metal plate has {said}."


def test_a_diagonal_line_is_thin_and_untyped_defects_are_anomalies():
    drawn = np.zeros((HEIGHT, HEIGHT), dtype=bool)
    steps = np.arange(10, 80)
    drawn[steps, steps] = drawn[steps, steps + 1] = True
    assert picture_sentence(drawn, "tile") == (
        "The tile has a medium-sized branching, thin anomaly in the centre."
    )


def test_several_pieces_are_counted_and_specks_are_not():
    drawn = mask(slice(5, 15), slice(5, 15)) | mask(slice(60, 70), slice(60, 70))
    drawn |= mask(slice(88, 89), slice(1, 2))
    sentence = picture_sentence(drawn, "cloth", "missing_part")
    assert sentence.startswith("The cloth has two medium-sized rounded areas of missing part,")


def test_an_empty_mask_is_refused():
    with pytest.raises(ValueError, match="nothing to describe"):
        picture_sentence(np.zeros((5, 5), dtype=bool), "plate")
