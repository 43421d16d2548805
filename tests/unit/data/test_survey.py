"""A run too long to hold agrees on the same window as one that is held."""

import numpy as np
import pytest
from PIL import Image

from adapp.core.errors import BadImage
from adapp.data.images import RunReader, inspect_file, load_run
from adapp.data.intake import Rejection
from adapp.data.survey import Survey
from tests.corpus import build


@pytest.fixture
def save(tmp_path):
    def save(name, samples):
        path = tmp_path / name
        deep = samples.dtype == np.uint16
        path.write_bytes(
            build.png16(samples) if deep else build.encode(Image.fromarray(samples), "PNG")
        )
        return path

    return save


def deep(low, high, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(low, high, (60, 80), np.uint16, endpoint=True)


def surveyed(paths):
    survey = Survey()
    for path in paths:
        survey.take(path, inspect_file(path))
    return survey.agreement()


@pytest.mark.parametrize("ranges", [[(0, 900), (100, 4000)], [(40000, 41000), (40500, 42000)]])
def test_window_and_notes_are_those_of_a_run_held_at_once(save, ranges):
    paths = [save(f"{i}.png", deep(*range_, i)) for i, range_ in enumerate(ranges)]
    run = load_run(paths[:1], paths[1:])
    agreement = surveyed(paths)
    assert agreement.window == run.window
    assert agreement.notes == run.notes


def test_eight_bit_pictures_need_no_window(save):
    agreement = surveyed([save("a.png", np.full((40, 40, 3), 90, np.uint8))])
    assert (agreement.window, agreement.kind, agreement.notes) == (None, None, ())


def test_mixed_depths_are_noted(save):
    paths = [save("a.png", np.full((40, 40, 3), 90, np.uint8)), save("b.png", deep(0, 4000, 1))]
    assert "mixes 8-bit" in surveyed(paths).notes[1]


def test_queries_read_one_by_one_are_those_of_the_whole_run(save):
    support = [save("s.png", deep(0, 3000, 0))]
    queries = [save(f"q{i}.png", deep(0, 1000 * i, i)) for i in (1, 2, 3)]
    whole = list(RunReader(support, queries).queries())
    single = RunReader(support, (), surveyed([*support, *queries]))
    for path, expected in zip(queries, whole, strict=True):
        got = single.query(path)
        assert np.array_equal(got.pixels, expected.pixels)
        assert got.notes == expected.notes


def test_a_query_like_a_support_picture_is_flagged(save):
    support = save("s.png", deep(0, 3000, 0))
    reader = RunReader([support], (), surveyed([support]))
    assert "Nearly identical to support picture s.png" in reader.query(support).flags[-1]


def test_a_picture_of_another_kind_is_refused_as_in_a_whole_run(save, tmp_path):
    integer = save("a.png", deep(0, 3000, 0))
    floats = tmp_path / "b.tif"
    Image.fromarray(np.linspace(0, 1, 4800, dtype=np.float32).reshape(60, 80)).save(floats)
    survey = Survey()
    survey.take(integer, inspect_file(integer))
    with pytest.raises(BadImage, match="one window cannot serve both"):
        survey.take(floats, inspect_file(floats))
    refused = RunReader((), (), survey.agreement()).query(floats)
    assert isinstance(refused, Rejection)
    (whole,) = load_run((), [integer, floats]).rejected
    assert refused.reason == whole.reason
