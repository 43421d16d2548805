"""Examples: real cells with their credit, rendered parts, notes for what is absent."""

import json
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from adapp.core.errors import UsageError
from adapp.core.settings import PROJECT_ROOT, Settings
from adapp.data.images import load_image
from adapp.services import examples as module
from adapp.services.examples import catalogue, cell_examples, examples, rendered_examples
from tests.fakes import part

ENTRY = {
    "id": "washer",
    "title": "Washer",
    "category": "washer",
    "support": ["parts/n0.png"],
    "query": ["parts/q0.png"],
    "expected": "A dent at the rim.",
    "origin": "Rendered by this project",
    "licence": "Apache-2.0",
}


@pytest.fixture
def assets(tmp_path):
    folder = tmp_path / "assets"
    (folder / "parts").mkdir(parents=True)
    for number, name in enumerate(("n0", "q0")):
        cv2.imwrite(str(folder / "parts" / f"{name}.png"), part(number))
    return folder


def write_index(assets, *entries):
    (assets / "examples.json").write_text(json.dumps(entries), encoding="utf-8")
    return assets


def test_cells_are_read_where_their_package_is_installed():
    package = Path(find_spec("elpv_dataset").origin).parent
    found = cell_examples()
    assert len(found) == 2
    for example in found:
        assert len(example.support) == 4
        assert len(set(example.support + example.query)) == len(example.support + example.query)
        for path in example.support + example.query:
            assert path.is_relative_to(package)
            assert load_image(path).pixels.shape == (300, 300, 3)


def test_cells_are_credited_with_their_licence():
    for example in cell_examples():
        assert example.credit.startswith("ELPV, CC BY-NC-SA 4.0")
        assert "Not for commercial use" in example.credit


def test_cells_labels_agree_with_the_data_set():
    package = Path(find_spec("elpv_dataset").origin).parent / "data"
    labels = np.genfromtxt(package / "labels.csv", dtype=None, encoding="utf-8")
    probability = {Path(name).name: (chance, kind) for name, chance, kind in labels}
    for example in cell_examples():
        normal = [probability[path.name] for path in (*example.support, example.query[-1])]
        assert set(normal) == {(0.0, "mono")}
        assert {probability[path.name] for path in example.query[:-1]} == {(1.0, "mono")}


def test_without_the_package_the_cards_are_absent_with_a_note(monkeypatch, assets):
    monkeypatch.setattr(module, "CELLS_PACKAGE", "package_that_is_not_there")
    found = catalogue(_settings(write_index(assets, ENTRY)))
    assert [example.key for example in found.examples] == ["washer"]
    assert found.notes == (module.CELLS_ABSENT,)


def test_a_package_whose_labels_changed_gives_no_card(monkeypatch):
    monkeypatch.setattr(module, "_cell_labels", lambda _: {})
    assert cell_examples() == ()


def test_rendered_parts_come_from_the_index(assets):
    (example,) = rendered_examples(write_index(assets, ENTRY))
    assert example.key == "washer"
    assert example.summary == "A dent at the rim."
    assert example.credit == "Rendered by this project, Apache-2.0."
    assert example.support == (assets.resolve() / "parts" / "n0.png",)
    assert example.query == (assets.resolve() / "parts" / "q0.png",)


def test_without_an_index_there_is_a_note(tmp_path):
    found = catalogue(_settings(tmp_path))
    assert {example.category for example in found.examples} == {"solar cell"}
    assert found.notes == (module.RENDERED_ABSENT,)


@pytest.mark.parametrize(
    "change",
    [
        {"query": ["../secret.png"]},
        {"query": ["parts/absent.png"]},
        {"query": []},
        {"support": None},
        {"id": ...},
    ],
)
def test_an_index_that_cannot_be_understood_is_told(assets, change):
    cv2.imwrite(str(assets.parent / "secret.png"), part(0))
    entry = {key: value for key, value in {**ENTRY, **change}.items() if value is not ...}
    with pytest.raises(UsageError, match=r"examples\.json cannot be understood"):
        rendered_examples(write_index(assets, entry))


def test_an_index_that_is_no_json_is_told(assets):
    (assets / "examples.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"examples\.json cannot be understood"):
        rendered_examples(assets)


def test_the_projects_own_examples_can_all_be_read():
    found = examples()
    assert len({example.key for example in found}) == len(found) >= 2
    for example in found:
        for path in example.support + example.query:
            assert load_image(path).pixels.ndim == 3
    index = PROJECT_ROOT / "assets" / "examples.json"
    listed = json.loads(index.read_text(encoding="utf-8"))
    assert {entry["id"] for entry in listed} <= {example.key for example in found}


def _settings(assets):
    return Settings(assets_dir=assets)
