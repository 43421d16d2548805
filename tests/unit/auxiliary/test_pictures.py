"""Training pictures: what is shown of a category, and that it never changes by itself."""

import collections

import numpy as np
import pytest

from adapp.auxiliary.pictures import (
    DAMAGED,
    RENDERED_CLEAN,
    RENDERED_DAMAGED,
    rendered_source,
    sources,
)
from adapp.core.errors import UsageError
from adapp.data.procedural import FAMILIES, ProceduralCategory
from adapp.data.synthetic import DEFECT_TYPES


def source_of(root, category, **options):
    return {s.category: s for s in sources([root], rendered=False, **options)}[category]


def test_a_category_shows_normals_real_defects_and_synthetic_ones_of_every_type(root):
    pictures = list(source_of(root, "set/steel_plate").pictures())
    counted = collections.Counter((p.kind, p.normal) for p in pictures)
    assert counted == {("real", True): 4, ("real", False): 3, ("synthetic", False): DAMAGED}
    assert {p.defect_type for p in pictures if p.kind == "real" and not p.normal} == {"scratch"}
    drawn = {p.defect_type for p in pictures if p.kind == "synthetic"}
    assert drawn <= set(DEFECT_TYPES)
    assert len(drawn) >= 12  # a texture has no edge to chip: it gets a foreign body
    assert {p.part for p in pictures} == {"steel plate"}


def test_masks_say_what_is_anomalous(root):
    for picture in source_of(root, "set/steel_plate").pictures():
        assert (picture.mask is None) == picture.normal
        if picture.mask is not None:
            assert picture.mask.shape == picture.image.shape[:2]
            assert 0 < picture.mask.mean() < 0.6


def test_a_category_without_normals_shows_its_masked_defects_alone(root):
    pictures = list(source_of(root, "set/concrete_01").pictures())
    assert [(p.kind, p.normal, p.defect_type) for p in pictures] == [("real", False, "crack")] * 5
    assert pictures[0].part == "concrete"


def test_pictures_depend_on_the_category_alone(root):
    whole = list(source_of(root, "set/steel_plate").pictures())
    alone = list(source_of(root, "set/steel_plate", leave_out=["set/concrete_01"]).pictures())
    assert len(whole) == len(alone)
    for one, other in zip(whole, alone, strict=True):
        assert np.array_equal(one.image, other.image)
        assert one.defect_type == other.defect_type


def test_the_key_follows_the_files(root):
    before = source_of(root, "set/steel_plate").key
    assert source_of(root, "set/steel_plate").key == before
    (root / "steel_plate" / "train" / "good" / "0.png").unlink()
    assert source_of(root, "set/steel_plate").key != before


def test_a_rendered_family_shows_clean_and_damaged_parts():
    pictures = list(rendered_source(ProceduralCategory("washer", 0)).pictures())
    assert [p.normal for p in pictures] == [True] * RENDERED_CLEAN + [False] * RENDERED_DAMAGED
    assert {p.kind for p in pictures} == {"rendered"}
    assert {p.category for p in pictures} == {"rendered/washer-0"}


def test_rendered_families_may_be_used_in_a_plant_and_unknown_sets_not(root):
    found = {s.category: s.open for s in sources([root])}
    assert len(found) == 2 + len(FAMILIES)
    assert found["rendered/gear-0"] is True
    assert found["set/steel_plate"] is False


def test_a_category_left_out_is_not_read(root):
    names = [s.category for s in sources([root], ["set/steel_plate"], rendered=False)]
    assert names == ["set/concrete_01"]


def test_a_category_that_does_not_exist_cannot_be_left_out(root):
    with pytest.raises(UsageError, match="set/gone"):
        sources([root], ["set/gone"])


def test_a_category_with_three_pictures_teaches_nothing(root):
    for number in (0, 1):
        (root / "concrete_01" / "test" / "cracks" / f"{number}.png").unlink()
    assert [s.category for s in sources([root], rendered=False)] == ["set/steel_plate"]


def test_nothing_left_is_told(root):
    with pytest.raises(UsageError, match="left to train on"):
        sources([root], ["set/steel_plate", "set/concrete_01"], rendered=False)
