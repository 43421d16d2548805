"""Entries are checked field by field, and refused with the file, the entry and the fault."""

import json
from pathlib import Path

import pytest

from adapp.core.errors import BadPage
from adapp.data.synthetic import DEFECT_TYPES
from adapp.knowledge.defect_types import CANONICAL
from adapp.knowledge.entries import by_id, load_entries, parse_entry

SHARED = {
    "object": "cup",
    "aliases": ["mug"],
    "scenario": "Cups are fired in a kiln and sorted by hand.",
    "sources": ["General knowledge"],
    "licence": "Apache-2.0",
}
CRACK = {
    "id": "cup/crack",
    "kind": "defect",
    "defect_type": "crack",
    "canonical": "crack",
    "title": "Cup: crack",
    "description": "A thin jagged line runs from the rim down the wall, dark in the glaze.",
    "causes": ["Cooled too fast", "Knocked at the rim"],
    "consequences": ["It leaks and breaks when hot tea is poured"],
    "checks": ["Tap it: a cracked cup sounds dull", "Wipe ink over the line"],
    "covers": ["set/cup/crack"],
    "illustration": {"part": "magnet", "flaw": "crack", "seed": 2},
}
SOUND = {
    **{key: CRACK[key] for key in ("title", "description", "checks")},
    "id": "cup/sound",
    "kind": "object",
    "defect_type": "",
    "canonical": "normal",
    "variation": ["Tone of the glaze from batch to batch"],
}


def write(folder: Path, entries: list, name: str = "cup.json", **shared) -> Path:
    (folder / name).write_text(json.dumps({**SHARED, **shared, "entries": entries}), "utf-8")
    return folder


def test_entries_take_what_their_file_shares(tmp_path):
    crack, sound = load_entries(write(tmp_path, [CRACK, SOUND]))
    assert crack.object == sound.object == "cup"
    assert crack.aliases == ("mug",)
    assert crack.causes == tuple(CRACK["causes"])
    assert crack.illustration == {"part": "magnet", "flaw": "crack", "seed": 2}
    assert sound.causes == ()
    assert sound.variation == ("Tone of the glaze from batch to batch",)
    assert by_id([crack, sound])["cup/sound"] is sound


def test_an_entry_may_have_its_own_scenario():
    own = "Cups in use are washed a hundred times before they are looked at."
    assert parse_entry({**CRACK, "scenario": own}, SHARED, "x").scenario == own


def test_files_are_read_by_name(tmp_path):
    write(tmp_path, [SOUND], "b.json")
    write(tmp_path, [CRACK], "a.json")
    assert [entry.id for entry in load_entries(tmp_path)] == ["cup/crack", "cup/sound"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "Cup crack"}, "the id must look like"),
        ({"kind": "tale"}, "kind must be one of"),
        ({"canonical": "sadness"}, "unknown canonical type 'sadness'"),
        ({"canonical": ["crack"]}, "'canonical' must be a text"),
        ({"canonical": "normal"}, "unknown canonical type 'normal'"),
        ({"object": " "}, "'object' must name something"),
        ({"defect_type": ""}, "'defect_type' must name something"),
        ({"description": "Short."}, "'description' must be a text of 60 to"),
        ({"title": "x" * 61}, "'title' must be a text of 4 to 60"),
        ({"causes": ["Cooled too fast"]}, "'causes' must be a list of 2 to 5"),
        ({"causes": "Cooled too fast"}, "'causes' must be a list"),
        ({"checks": ["Tap", "Wipe ink over the line"]}, "each line of 'checks'"),
        ({"checks": [1, 2]}, "each line of 'checks'"),
        ({"licence": " "}, "'licence' must name a licence"),
        ({"sources": []}, "'sources' must be a list of 1 to 8"),
        ({"variation": ["Tone of the glaze"]}, "'variation' does not belong to a defect"),
        ({"illustration": {"part": ["cup"]}}, "the illustration must be"),
        ({"colour": "red"}, "unknown field 'colour'"),
    ],
)
def test_fault_is_named(tmp_path, change, fault):
    with pytest.raises(BadPage, match=fault) as caught:
        load_entries(write(tmp_path, [{**CRACK, **change}]))
    assert str(caught.value).startswith("cup.json, ")


@pytest.mark.parametrize("field", sorted(CRACK.keys() - {"covers", "illustration"}))
def test_missing_field_is_named(field):
    with pytest.raises(BadPage):
        parse_entry({key: value for key, value in CRACK.items() if key != field}, SHARED, "x")


@pytest.mark.parametrize("field", ["causes", "consequences"])
def test_a_sound_object_has_no_causes_and_consequences(field):
    with pytest.raises(BadPage, match=f"'{field}' does not belong to a object"):
        parse_entry({**SOUND, field: ["Cooled too fast", "Knocked"]}, SHARED, "x")


def test_a_type_names_no_object():
    generic = {**CRACK, "kind": "type"}
    with pytest.raises(BadPage, match="'object' must stay empty"):
        parse_entry(generic, SHARED, "x")
    assert parse_entry({**generic, "object": ""}, SHARED, "x").object == ""


def test_two_entries_of_one_id_are_refused(tmp_path):
    with pytest.raises(BadPage, match="cup/crack: two entries"):
        load_entries(write(tmp_path, [CRACK, CRACK]))


@pytest.mark.parametrize("content", ["{", "[]", '{"entries": 1}', '{"entries": [1]}'])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "cup.json").write_text(content, "utf-8")
    with pytest.raises(BadPage, match=r"cup\.json: "):
        load_entries(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadPage, match="no knowledge files"):
        load_entries(tmp_path)


def test_canonical_types_include_those_of_synthetic_anomalies():
    assert tuple(CANONICAL)[: len(DEFECT_TYPES)] == DEFECT_TYPES
