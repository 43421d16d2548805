"""Names: every category that takes part has one, and an unknown one gets its folder's words."""

import pytest

from adapp.auxiliary.names import (
    DEFECTS,
    GENERIC,
    PARTS,
    defect_key,
    defect_names,
    part_names,
    readable,
)
from adapp.data.procedural import FAMILIES
from adapp.data.synthetic import DEFECT_TYPES
from adapp.data.terms import PERMISSIVE, RESTRICTED


def test_every_known_set_and_every_rendered_family_has_a_name():
    sets = {name.split("/")[0] for name in PARTS}
    assert sets == PERMISSIVE | RESTRICTED | {"rendered"}
    assert {f"rendered/{family}" for family in FAMILIES} == {
        name for name in PARTS if name.startswith("rendered/")
    }


def test_every_name_has_two_to_four_synonyms_or_at_least_two_other_names():
    for names in (*PARTS.values(), *DEFECTS.values()):
        assert 3 <= len(names) <= 5
        assert len(set(names)) == len(names)
        assert all("_" not in name and name == name.strip() for name in names)


def test_every_synthetic_defect_has_words():
    assert set(DEFECT_TYPES) <= set(DEFECTS)


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("magnetic_tile/tile", "magnetic tile"),
        ("rendered/hex_nut-0", "hex nut"),
        ("rendered/hex_nut-17", "hex nut"),
        ("mvtec/metal_nut", "metal nut"),
        ("visa/pcb1", "pcb"),
        ("btad/01", GENERIC[0]),
        ("mine/Gear-Box_2", "gear box"),
    ],
)
def test_a_category_is_called_by_its_readable_name(category, name):
    assert part_names(category)[0] == name


def test_a_name_of_nothing_but_marks_becomes_the_generic_one():
    assert readable("__--") == GENERIC[0] == "object"


@pytest.mark.parametrize("folder", ["defect", "bad", "NG", "", "defective", "Anomaly"])
def test_a_folder_that_names_no_defect_has_no_type(folder):
    assert defect_key(folder) == ""
    assert defect_names(folder) == ()


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("scratches", "scratch"),
        ("missing_part", "missing part"),
        ("Pin-Hole", "pinhole"),
        ("broken_large", "broken large"),
    ],
)
def test_a_defect_is_called_by_its_readable_name(folder, words):
    assert defect_names(folder)[0] == words
