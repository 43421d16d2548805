"""What holds for all pictures: windows are monotone, orientation is undone, nothing crashes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageOps

from adapp.core.errors import BadImage
from adapp.data.decode import Remarks, orient
from adapp.data.images import load_image, safe_name
from adapp.data.window import Window, fit_window, sample_statistics
from tests.corpus import build

finite = st.floats(-1e6, 1e6, allow_nan=False, width=32)
deep = st.one_of(
    hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)),
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=finite),
)
relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(deep, finite, finite)
@relaxed
def test_a_window_keeps_the_order_of_brightness(samples, first, second):
    low, high = sorted((float(first), float(second)))
    if low == high:
        high += 1.0
    shown = Window(low, high).apply(samples).reshape(-1)
    order = np.argsort(samples.reshape(-1), kind="stable")
    assert (np.diff(shown[order].astype(int)) >= 0).all()
    assert shown.dtype == np.uint8


@given(hnp.arrays(np.uint8, (7, 9)))
@relaxed
def test_eight_bit_values_in_a_deep_container_are_unchanged(values):
    for stored in (values.astype(np.uint16), values.astype(np.float32), values.astype(np.int32)):
        np.testing.assert_array_equal(Window(0, 255).apply(stored), values)
    np.testing.assert_array_equal(Window(0, 65535).apply(values.astype(np.uint16) * 257), values)


@given(st.lists(deep, min_size=1, max_size=4))
@relaxed
def test_a_fitted_window_does_not_depend_on_the_order_of_pictures(pictures):
    statistics = [sample_statistics(picture) for picture in pictures]
    window = fit_window(statistics)
    assert window.low < window.high
    assert fit_window(statistics[::-1]) == window


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))),
    st.integers(1, 8),
)
@relaxed
def test_orientation_agrees_with_pillow_and_is_undone_by_its_inverse(stored, orientation):
    upright = orient(stored, orientation, Remarks())
    picture = Image.fromarray(stored)
    picture.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(upright, np.asarray(ImageOps.exif_transpose(picture)))
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    np.testing.assert_array_equal(orient(upright, inverse, Remarks()), stored)


@given(st.text(max_size=200))
@relaxed
def test_shown_names_are_short_printable_and_stable(name):
    shown = safe_name(name.replace("/", "").replace("\0", ""))
    assert 0 < len(shown) <= 80
    assert shown.isprintable()
    assert safe_name(shown) == shown


SEEDS = [
    build.encode(Image.fromarray(build.scene(24, 30)), kind)
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
] + [
    build.png16(np.dstack([build.sixteen()[:24, :30]] * 3)),
    build.tiff(build.sixteen()[:24, :30]),
    build.tiff(build.grey(24, 30).astype(np.float32)),
]


@pytest.mark.parametrize("content", SEEDS, ids=range(len(SEEDS)))
@given(
    changes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 3000),
)
@relaxed
def test_changed_bytes_give_a_picture_or_a_refusal(tmp_path, content, changes, cut):
    broken = bytearray(content)
    for position, value in changes:
        broken[position % min(len(broken), 200)] = value
    path = tmp_path / "part.png"
    path.write_bytes(broken[: len(broken) - cut] if cut < len(broken) // 2 else broken)
    refusal, image = "", None
    try:
        image = load_image(path)
    except BadImage as error:
        refusal = str(error)
    assert refusal.startswith("part.png: ") if image is None else image.pixels.ndim == 3
