"""The pictures of a run: one window, comparable sizes, no picture twice."""

import numpy as np
import pytest
from PIL import Image

from adapp.data import intake
from adapp.data.images import LoadedImage, Rejection, RunReader, load_run
from tests.corpus import build


@pytest.fixture
def save(tmp_path):
    def _save(name, content):
        path = tmp_path / name
        if isinstance(content, np.ndarray):
            content = build.encode(Image.fromarray(content), "PNG")
        path.write_bytes(content)
        return path

    return _save


def _textured(seed, height=120, width=120):
    """Return a picture like no other, with detail at every scale."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (12, 12, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def _deep(scale, seed=0):
    rng = np.random.default_rng(seed)
    return build.png16(rng.integers(0, scale, (80, 96), np.uint16, endpoint=True))


def test_support_and_query_share_one_window(save):
    run = load_run([save("s.png", _deep(1000, 1))], [save("q.png", _deep(4000, 2))])
    assert (run.window.low, run.window.high) == (0, 4095)
    assert "0 to 4095" in run.notes[0]
    assert all("0 to 4095 (12-bit data)" in image.notes[-1] for image in run.support + run.query)
    # The darker picture stays dark: it is not stretched to its own range.
    assert run.support[0].pixels.max() == round(1000 / 4095 * 255)
    assert run.support[0].flags == run.query[0].flags == ()


def test_eight_bit_pictures_are_never_windowed(save):
    dark = _textured(0) // 4
    run = load_run([save("dark.png", dark)], [])
    assert run.window is None
    assert run.notes == ()
    np.testing.assert_array_equal(run.support[0].pixels, dark)


def test_a_mixed_run_is_flagged_and_says_so(save):
    paths = [save("eight.png", _textured(0)), save("deep.png", _deep(65535))]
    run = load_run(paths[:1], paths[1:])
    assert run.support[0].flags == ()
    assert any("16 bits per sample, but eight.png has 8" in flag for flag in run.query[0].flags)
    assert any("mixes" in note for note in run.notes)
    np.testing.assert_array_equal(run.support[0].pixels, _textured(0))


def test_one_window_cannot_serve_integers_and_floats(save):
    unit = save("unit.tif", build.tiff(build.grey().astype(np.float32)))
    run = load_run([save("s.png", _deep(65535))], [unit])
    assert run.query == ()
    assert run.rejected == (Rejection(unit, "query", run.rejected[0].reason),)
    assert run.rejected[0].reason.startswith("unit.tif: it holds float samples")
    assert run.window.high == 65535


def test_files_that_fail_are_rejected_in_their_role(save):
    empty, text = save("empty.png", b""), save("text.png", b"hello")
    run = load_run([empty, save("s.png", _textured(0))], [text, save("q.png", _textured(1))])
    assert [(r.path, r.role) for r in run.rejected] == [(empty, "support"), (text, "query")]
    assert run.rejected[0].reason.startswith("empty.png: the file is empty")
    assert [image.name for image in run.support + run.query] == ["s.png", "q.png"]


def test_a_deep_file_that_fails_late_leaves_the_window_alone(save):
    bad = build.grey().astype(np.float32)
    bad[0, 0] = np.nan
    good = build.tiff(build.grey().astype(np.float32))
    run = load_run([save("bad.tif", build.tiff(bad))], [save("good.tif", good)])
    assert "NaN" in run.rejected[0].reason
    assert (run.window.low, run.window.high) == (0, 1)


def test_pictures_given_twice_are_flagged(save):
    scene = _textured(0)
    again = build.encode(Image.fromarray(scene), "JPEG", quality=90)
    smaller = np.asarray(Image.fromarray(scene).resize((100, 100), Image.Resampling.LANCZOS))
    run = load_run(
        [save("s.png", scene), save("again.jpg", again), save("other.png", _textured(1))],
        [save("smaller.png", smaller), save("q.png", _textured(2)), save("twin.png", _textured(2))],
    )
    flags = [image.flags for image in run.support + run.query]
    assert flags[0] == flags[2] == flags[4] == ()
    assert "support picture s.png: it adds no new normal variation" in flags[1][0]
    assert "support picture s.png: its score says little" in flags[3][0]
    assert flags[5] == ("Nearly identical to query picture q.png.",)


def test_a_small_defect_or_a_moved_part_is_no_duplicate(save):
    scene = _textured(0)
    marked = scene.copy()
    marked[40:43, 40:43] = 0
    moved = np.roll(scene, 2, axis=1)
    run = load_run([save("s.png", scene)], [save("m.png", marked), save("n.png", moved)])
    assert [image.flags for image in run.query] == [(), ()]


def test_other_shapes_and_sizes_than_the_support_are_flagged(save):
    support = [save("s1.png", _textured(0, 200, 200)), save("s2.png", _textured(1, 200, 220))]
    sizes = [(205, 215), (200, 300), (600, 600), (90, 90)]
    query = [save(f"q{i}.png", _textured(9 + i, *size)) for i, size in enumerate(sizes)]
    run = load_run(support, query)
    flags = [image.flags for image in run.query]
    assert flags[0] == ()
    assert "300 x 200 pixels, differs from the support (200 x 200 or 220 x 200)" in flags[1][0]
    assert "small defects can be missed" in flags[2][0]
    assert "90 x 90" in flags[3][0]
    assert run.support[0].flags == ()


def test_an_odd_one_among_the_support_is_flagged(save):
    paths = [save(f"s{i}.png", _textured(i)) for i in range(3)]
    paths.append(save("wide.png", _textured(3, 120, 240)))
    run = load_run(paths, [])
    assert [bool(image.flags) for image in run.support] == [False, False, False, True]


def test_a_run_holds_a_bounded_number_of_pixels(save, monkeypatch):
    monkeypatch.setattr(intake, "MAX_RUN_PIXELS", 3 * 120 * 120)
    support = [save("s.png", _textured(0))]
    query = [save(f"q{i}.png", _textured(1 + i)) for i in range(3)]
    run = load_run(support, query)
    assert [image.name for image in run.query] == ["q0.png", "q1.png"]
    assert "already holds all the pixels" in run.rejected[0].reason
    # One at a time there is no such limit.
    reader = RunReader(support, query)
    assert sum(isinstance(item, LoadedImage) for item in reader.queries()) == 3


def test_queries_are_decoded_only_when_asked_for(save):
    gone = save("gone.png", _textured(1))
    reader = RunReader([], [save("q.png", _textured(0)), gone])
    queries = reader.queries()
    first = next(queries)
    assert isinstance(first, LoadedImage)
    gone.unlink()
    second = next(queries)
    assert isinstance(second, Rejection)
    assert "no such file" in second.reason


def test_an_empty_run_is_empty():
    run = load_run([], [])
    assert (run.support, run.query, run.rejected, run.window, run.notes) == ((), (), (), None, ())


def test_the_same_run_gives_the_same_pixels(save):
    paths = [save(f"{i}.png", _deep(3000 + i, i)) for i in range(3)]
    first, second = load_run(paths[:1], paths[1:]), load_run(paths[:1], paths[1:])
    for one, other in zip(first.support + first.query, second.support + second.query, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    assert first.window == second.window
