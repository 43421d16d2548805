"""Tiles cover the picture, keep places, find what is small, and promise no more normals."""

import numpy as np
import pytest
from PIL import Image

from adapp.core.detector import SupportSet
from adapp.core.errors import UsageError
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from adapp.services.region_types import region_types
from adapp.services.regions import regions
from adapp.services.tiling import OVERLAP, TiledFitted, cut, spans, tiled_support
from tests.fakes import FakeDetector, FakeLoader, part

DEFECT = (100, 210, 108, 222)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("length", [7, 100, 4001])
def test_spans_cover_everything_and_overlap(length, count):
    found = spans(length, count, OVERLAP)
    covered = np.zeros(length, int)
    for first, last in found:
        covered[first:last] += 1
    assert covered.min() >= 1
    assert found[0][0] == 0
    assert found[-1][1] == length
    assert len({last - first for first, last in found}) == 1
    if count > 1 and length > 50:
        assert covered.max() > 1


def test_support_tiles_share_no_pixel_when_they_divide_evenly():
    image = np.arange(64 * 96 * 3, dtype=np.uint8).reshape(64, 96, 3)
    parts = list(cut(image, 2))
    assert sum(pixels.size for _, _, pixels in parts) == image.size
    assert np.array_equal(parts[3][2], image[32:, 48:])
    support = SupportSet("plate", [image, image])
    assert len(tiled_support(support, 2).images) == 8
    assert tiled_support(support, 1) is support


def _fitted(normals=3, tiles=2):
    support = SupportSet("plate", [part(number, 160, 240) for number in range(normals)])
    inner = FakeDetector().fit(tiled_support(support, tiles))
    return TiledFitted(inner, tiles, normals, inner.calibration())


def test_maps_come_back_at_the_size_of_the_query_and_in_place():
    query = part(7, 160, 240, defect=DEFECT)
    result = _fitted().predict(query)
    assert result.fused_map.shape == (160, 240)
    found = regions(result.fused_map, 0.6)
    row0, _, _, column1 = found[0].box
    assert abs(row0 - DEFECT[0]) <= 2
    assert abs(column1 - DEFECT[3]) <= 2
    fused = np.clip(result.base_map + result.residual_weight * result.residual_map, 0, 1)
    assert np.allclose(fused, result.fused_map, atol=1e-5)


def test_calibration_counts_pictures_and_not_tiles():
    calibration = _fitted(3, 2).calibration()
    assert calibration.n_normals == 3
    assert len(calibration.normal_scores) == 3
    assert "1 false alarm in 4" in calibration.note
    assert "2 x 2 tiles" in calibration.note


def test_tiles_of_one_picture_are_still_one_picture():
    calibration = _fitted(1, 3).calibration()
    assert (calibration.n_normals, calibration.basis) == (1, "augmented")
    assert "false alarm" not in calibration.note


def test_run_with_tiles_scores_the_worst_tile(tmp_path):
    for number in range(3):
        Image.fromarray(part(number, 160, 240)).save(tmp_path / f"n{number}.png")
    Image.fromarray(part(7, 160, 240, defect=DEFECT)).save(tmp_path / "bad.png")
    normals = tuple(sorted(tmp_path.glob("n*.png")))
    loader = FakeLoader()

    def run(tiles):
        request = InspectionRequest(
            "raid", "tiny", "open", "plate", normals, (tmp_path / "bad.png",), tiles=tiles
        )
        return drain(inspect(request, DetectorPool(loader)))

    whole, tiled = run(1), run(4)
    assert tiled.outcomes[0].result.score > whole.outcomes[0].result.score
    assert tiled.calibration.n_normals == 3
    shapes = loader.detectors[-1].predictions
    assert len(shapes) == 16
    assert max(shape[0] for shape in shapes) < 60
    with pytest.raises(UsageError, match="1 to 4 tiles"):
        run(5)


def test_types_of_tiles_lie_where_their_tile_does():
    inner = FakeDetector("adseeker", regimes=frozenset({"zero_shot"})).fit(SupportSet("plate"))
    result = TiledFitted(inner, 2, 0, inner.calibration()).predict(part(7, 160, 240, defect=DEFECT))
    types = result.defect_types
    assert types.grid == (16, 16)
    strongest = np.unravel_index((types.logits[..., 0] - types.logits[..., -1]).argmax(), (16, 16))
    assert strongest[0] in {DEFECT[0] // 10, DEFECT[2] // 10}
    assert DEFECT[1] // 15 <= strongest[1] <= DEFECT[3] // 15
    (found, *_) = regions(result.fused_map, 0.6)
    assert region_types(result, found, 0.6)[0].name == "scratch"
    assert types.chosen == "scratch"
    assert _fitted().predict(part(7, 160, 240)).defect_types is None
