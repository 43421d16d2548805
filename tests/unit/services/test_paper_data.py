"""Data sets of the papers are found by name, and by nothing else."""

import pytest

from adapp.core.errors import UsageError
from adapp.services.paper_data import find_data, known_data
from tests.unit.services.papers import write_category

KNOWN = known_data()


def found(*roots, keys=("mvtec",)):
    return find_data(keys, roots, KNOWN)


@pytest.mark.parametrize(
    "place", ["mvtec", "MVTec-AD", "sets/mvtec_anomaly_detection", "a/b/mvtec"]
)
def test_a_set_is_found_by_its_name_in_several_spellings_and_depths(tmp_path, place):
    write_category(tmp_path / place / "bottle")
    data = found(tmp_path)["mvtec"]
    assert data.folder == (tmp_path / place).resolve()
    assert [category.part for category in data.categories] == ["bottle"]
    assert data.reason == ""


def test_a_root_may_be_the_set_itself(tmp_path):
    write_category(tmp_path / "visa" / "candle")
    assert found(tmp_path / "visa", keys=["visa"])["visa"].categories[0].part == "candle"


def test_an_incomplete_set_names_what_is_missing_and_counts_only_its_own_categories(tmp_path):
    for name in ("01", "03", "mine"):
        write_category(tmp_path / "btad" / name)
    data = found(tmp_path, keys=["btad"])["btad"]
    assert [category.part for category in data.categories] == ["01", "03"]
    assert not data.complete
    assert data.remarks == ("BTAD: 2 of 3 categories, without 02.",)


def test_a_complete_set_of_another_size_is_told(tmp_path):
    for name in KNOWN["visa"].categories:
        write_category(tmp_path / "visa" / name)
    data = found(tmp_path, keys=["visa"])["visa"]
    assert data.complete
    assert "36 normal and 24 anomalous" in data.remarks[0]
    assert "962 and 1200" in data.remarks[0]


def test_a_category_inside_one_set_is_never_another_set(tmp_path):
    write_category(tmp_path / "br35h" / "brain_mri")
    data = found(tmp_path, keys=["brainmri", "br35h"])
    assert data["brainmri"].categories == ()
    assert "no folder called brainmri below" in data["brainmri"].reason
    assert data["br35h"].complete


def test_what_is_not_there_private_or_empty_has_its_reason(tmp_path):
    (tmp_path / "visa").mkdir()
    data = found(tmp_path, keys=["mvtec", "visa", "beltad"])
    assert data["mvtec"].reason.startswith("MVTec AD is not there")
    assert data["visa"].reason.startswith("VisA cannot be read")
    assert "private" in data["beltad"].reason
    assert "given with --data" in found(keys=["mvtec"])["mvtec"].reason


def test_two_folders_of_one_name_are_told(tmp_path):
    for place in ("a", "b"):
        write_category(tmp_path / place / "mvtec" / "bottle")
    data = found(tmp_path)["mvtec"]
    assert data.folder.parent.name == "a"
    assert any("has its name too" in remark for remark in data.remarks)


def test_a_root_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        found(tmp_path / "absent")
