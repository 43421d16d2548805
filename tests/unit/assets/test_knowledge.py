"""The project's own pages: complete, drawable, and short enough for a page."""

from collections import Counter

import pytest

from adapp.core.settings import PROJECT_ROOT
from adapp.data.illustration import PARTS, draw
from adapp.data.procedural import FAMILIES
from adapp.data.synthetic import DEFECT_TYPES
from adapp.knowledge.defect_types import CANONICAL, NORMAL
from adapp.knowledge.entries import load_entries
from adapp.knowledge.layout import HEIGHT, _lay
from adapp.knowledge.pages import from_entry

ENTRIES = load_entries(PROJECT_ROOT / "assets" / "knowledge")

TYPES = {
    "mvtec": {
        "bottle": "broken_large broken_small contamination",
        "cable": "bent_wire cable_swap combined cut_inner_insulation cut_outer_insulation "
        "missing_cable missing_wire poke_insulation",
        "capsule": "crack faulty_imprint poke scratch squeeze",
        "carpet": "color cut hole metal_contamination thread",
        "grid": "bent broken glue metal_contamination thread",
        "hazelnut": "crack cut hole print",
        "leather": "color cut fold glue poke",
        "metal_nut": "bent color flip scratch",
        "pill": "color combined contamination crack faulty_imprint pill_type scratch",
        "screw": "manipulated_front scratch_head scratch_neck thread_side thread_top",
        "tile": "crack glue_strip gray_stroke oil rough",
        "toothbrush": "defective",
        "transistor": "bent_lead cut_lead damaged_case misplaced",
        "wood": "color combined hole liquid scratch",
        "zipper": "broken_teeth combined fabric_border fabric_interior rough split_teeth "
        "squeezed_teeth",
    },
    "mpdd": {
        "bracket_black": "hole scratches",
        "bracket_brown": "bend_and_parts_mismatch parts_mismatch",
        "bracket_white": "defective_painting scratches",
        "connector": "parts_mismatch",
        "metal_plate": "major_rust scratches total_rust",
        "tubes": "anomalous",
    },
    "btad": {"01": "body surface", "02": "body surface", "03": "body surface"},
    "deeppcb": {"": "open short mousebite spur copper pin_hole"},
    "magnetic_tile": {"": "blowhole break crack fray uneven"},
    "sd900": {"": "inclusion patches scratches"},
}
VISA = (
    *("candle", "capsules", "cashew", "chewinggum", "fryum", "macaroni1", "macaroni2"),
    *("pcb1", "pcb2", "pcb3", "pcb4", "pipe_fryum"),
)
MEDICAL = ("brainmri/tumor", "liverct/tumor", "busi/benign", "busi/malignant")


def covered() -> set[str]:
    return {name for entry in ENTRIES for name in entry.covers}


@pytest.mark.parametrize("data_set", sorted(TYPES))
def test_every_defect_type_of_the_data_set_has_a_page(data_set):
    wanted = {
        "/".join(part for part in (data_set, category, name) if part)
        for category, names in TYPES[data_set].items()
        for name in names.split()
    }
    assert wanted - covered() == set()


def test_every_object_of_visa_and_of_medicine_has_pages():
    counts = Counter(name.split("/")[1] for name in covered() if name.startswith("visa/"))
    assert {name: counts[name] for name in VISA if counts[name] < 4} == {}
    assert set(MEDICAL) - covered() == set()


def test_there_are_enough_pages_of_each_kind():
    kinds = Counter(entry.kind for entry in ENTRIES)
    assert len(ENTRIES) >= 150
    assert kinds["type"] == len(CANONICAL)
    assert {e.canonical for e in ENTRIES if e.kind == "type"} == set(CANONICAL)
    objects = {entry.object for entry in ENTRIES if entry.kind == "defect"}
    assert {e.object for e in ENTRIES if e.kind == "object"} == objects


def test_each_type_that_can_be_made_has_pages_about_objects():
    counts = Counter(entry.canonical for entry in ENTRIES if entry.kind == "defect")
    assert [name for name in DEFECT_TYPES if counts[name] < 2] == []
    assert Counter(e.canonical for e in ENTRIES)[NORMAL] == sum(
        entry.kind == "object" for entry in ENTRIES
    )


def test_every_family_of_rendered_parts_has_a_page_that_shows_it():
    shown = {PARTS[str(e.illustration["part"])].family for e in ENTRIES if e.illustration}
    assert set(FAMILIES) - shown - {"pills", "board", "chip", "cable"} == set()
    drawn = {e.illustration.get("part") for e in ENTRIES}
    assert drawn >= {"pill", "blister", "board", "chip_package", "cable"}


def test_no_two_pages_say_the_same():
    assert len({entry.description for entry in ENTRIES}) == len(ENTRIES)
    assert len({entry.title for entry in ENTRIES}) == len(ENTRIES)
    lists = Counter((entry.causes, entry.checks) for entry in ENTRIES if entry.causes)
    assert lists.most_common(1)[0][1] == 1


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_page_fits_its_sheet(entry):
    page = from_entry(entry)
    below = 500 if entry.kind != "object" else 650  # under three pictures, or two larger ones
    _, end = _lay(page.sections, 19, below)
    assert end <= HEIGHT - 92


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_page_can_be_drawn():
    """The wish is known, and the flaw shows on the part that is wished."""
    wishes = {tuple(sorted(e.illustration.items())): e for e in ENTRIES if e.illustration}
    faint = []
    for wish, entry in wishes.items():
        figure = draw(dict(wish), 96)
        if entry.kind != "object" and figure.mask.mean() < 0.0005:
            faint.append(entry.id)
    assert faint == []
    assert all(entry.illustration for entry in ENTRIES)
