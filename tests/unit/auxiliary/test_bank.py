"""The bank: made once, whole or not at all, the same as encoding afresh."""

import numpy as np
import pytest
import torch

from adapp.auxiliary import bank as bank_module
from adapp.auxiliary.bank import TARGET_SCALE, Bank, target_mask
from adapp.auxiliary.pictures import Source, TrainingPicture, sources
from adapp.core.errors import Cancelled, UsageError


class Counting:
    """An encoder that counts the pictures it sees."""

    def __init__(self, backbone):
        self._backbone = backbone
        self.seen = 0

    def __getattr__(self, name):
        return getattr(self._backbone, name)

    def encode_rgb(self, images):
        self.seen += len(images)
        return self._backbone.encode_rgb(images)


@pytest.fixture
def counting(backbone):
    return Counting(backbone)


def plain_source(count=5, category="set/part"):
    """Return a source of ``count`` pictures, every second one defective."""

    def pictures():
        rng = np.random.default_rng(1)
        for number in range(count):
            image = rng.integers(0, 255, (60, 80, 3), dtype=np.uint8)
            mask = np.zeros((60, 80), dtype=np.bool_)
            mask[10:20, 10:30] = True
            normal = number % 2 == 0
            told = "" if normal else "scratch"
            yield TrainingPicture(
                image, None if normal else mask, category, "part", told, "real", normal
            )

    return Source(category, "part", False, f"{category} {count}", pictures)


def test_a_shelf_holds_what_the_encoder_says(counting, tmp_path):
    source = plain_source()
    shelf = Bank(counting, tmp_path).shelf(source)
    images = [picture.image for picture in source.pictures()]
    features = counting.encode_rgb(images)
    expected = features.patches.transpose(0, 1)
    assert shelf.patches.dtype == torch.float16
    torch.testing.assert_close(shelf.patches.float(), expected, atol=5e-4, rtol=0)
    torch.testing.assert_close(shelf.pooled.float(), features.pooled, atol=5e-4, rtol=0)
    assert shelf.grid == counting.grid
    assert shelf.label.tolist() == [0, 1, 0, 1, 0]
    assert shelf.normals.tolist() == [0, 2, 4]
    assert shelf.defect_types == ("", "scratch", "", "scratch", "")
    assert shelf.kinds == ("real",) * 5
    assert shelf.local is None
    assert len(shelf) == 5


def test_targets_mark_the_defect_on_a_finer_grid(counting, tmp_path):
    shelf = Bank(counting, tmp_path).shelf(plain_source())
    side = counting.grid[0] * TARGET_SCALE
    assert shelf.target.shape == (5, side, side)
    assert shelf.target.dtype == torch.uint8
    assert shelf.target[0].sum() == 0
    marked = shelf.target[1].nonzero()
    height, width = 60 / side, 80 / side
    assert marked[:, 0].min() == pytest.approx(10 / height, abs=1)
    assert marked[:, 1].max() == pytest.approx(30 / width, abs=1)


def test_a_second_bank_reads_and_does_not_encode(counting, tmp_path):
    first = Bank(counting, tmp_path).shelf(plain_source())
    counting.seen = 0
    second = Bank(counting, tmp_path).shelf(plain_source())
    assert counting.seen == 0
    assert torch.equal(first.patches, second.patches)
    assert second.defect_types == first.defect_types


@pytest.mark.parametrize("change", ["size", "dtype_name", "stages", "identity"])
def test_another_encoder_gets_a_shelf_of_its_own(counting, tmp_path, change):
    plain = Bank(counting, tmp_path).paths(plain_source())[0]
    setattr(counting, change, "other")
    assert Bank(counting, tmp_path).paths(plain_source())[0] != plain


def test_another_recipe_gets_a_shelf_of_its_own(counting, tmp_path, monkeypatch):
    plain = Bank(counting, tmp_path).paths(plain_source())[0]
    monkeypatch.setattr(bank_module, "RECIPE", "other")
    assert Bank(counting, tmp_path).paths(plain_source())[0] != plain


def test_a_damaged_shelf_is_made_again(counting, tmp_path):
    bank = Bank(counting, tmp_path)
    whole = bank.shelf(plain_source()).patches.clone()
    path = bank.paths(plain_source())[0]
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])
    counting.seen = 0
    assert torch.equal(bank.shelf(plain_source()).patches, whole)
    assert counting.seen == 5


def test_an_interrupted_shelf_leaves_nothing_and_finished_ones_stay(counting, tmp_path):
    def broken():
        yield next(plain_source().pictures())
        raise Cancelled

    bank = Bank(counting, tmp_path)
    bank.shelf(plain_source(category="set/first"))
    with pytest.raises(Cancelled):
        bank.shelf(Source("set/second", "part", False, "second", broken))
    kept = [path.name for path in (tmp_path / "auxiliary").iterdir()]
    assert [name.split("-")[1] for name in kept] == ["first"]


def test_the_local_path_lies_beside_and_shares_the_rest(counting, tmp_path):
    class Local(Counting):
        def encode_rgb(self, images):
            features = super().encode_rgb(images)
            object.__setattr__(features, "local", features.patches.flip(-1))
            return features

    plain = Bank(counting, tmp_path).shelf(plain_source())
    local = Local(counting)
    both = Bank(local, tmp_path, local_from=2).shelf(plain_source())
    assert both.local is not None
    torch.testing.assert_close(both.local, both.patches.flip(-1))
    assert torch.equal(plain.patches, both.patches)
    assert len(list((tmp_path / "auxiliary").glob("*.safetensors"))) == 2
    local.seen = 0
    Bank(local, tmp_path, local_from=2).shelf(plain_source())
    assert local.seen == 0
    Bank(local, tmp_path, local_from=3).shelf(plain_source())
    assert local.seen == 5


def test_an_encoder_without_a_local_path_is_refused(counting, tmp_path):
    with pytest.raises(ValueError, match="local_from"):
        Bank(counting, tmp_path, local_from=2).shelf(plain_source())


def test_all_categories_come_with_progress(counting, root, tmp_path, monkeypatch):
    few = [s for s in sources([root]) if not s.category.startswith("rendered/")]
    few.append(next(s for s in sources([root]) if s.category == "rendered/washer-0"))
    monkeypatch.setattr(bank_module, "sources", lambda *_, **__: few)
    told = []
    shelves = Bank(counting, tmp_path).shelves(
        [root], report=lambda stage, done, total: told.append((stage, done, total))
    )
    assert [shelf.category for shelf in shelves] == [source.category for source in few]
    assert told[-1] == ("Preparing rendered/washer-0", 2, 3)


def test_a_cache_that_cannot_be_written_is_told(counting, tmp_path):
    place = tmp_path / "file"
    place.write_text("in the way")
    with pytest.raises(UsageError, match="ADAPP_CACHE"):
        Bank(counting, place).shelf(plain_source())


def test_a_defect_smaller_than_a_cell_does_not_vanish():
    mask = np.zeros((100, 100), dtype=np.bool_)
    mask[50, 50] = True
    assert target_mask(mask, (8, 8)).sum() == 1
    assert target_mask(None, (8, 8)).sum() == 0
    assert target_mask(np.zeros((10, 10), dtype=np.bool_), (8, 8)).sum() == 0
