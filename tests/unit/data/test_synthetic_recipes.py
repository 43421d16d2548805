from dataclasses import replace

import numpy as np
import pytest

from adapp.core.results import RgbImage
from adapp.data.synthetic import SyntheticConfig, paste, perlin
from adapp.data.synthetic.canvas import find_foreground, prepare


def square(ground: int, part: int, size: int = 96) -> RgbImage:
    picture = np.full((size, size, 3), ground, dtype=np.float64)
    picture[24:72, 30:66] = part
    picture += np.random.default_rng(0).normal(0, 2, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def noise(seed: int, size: int = 96) -> RgbImage:
    return np.random.default_rng(seed).integers(60, 190, (size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize(("ground", "part"), [(220, 60), (20, 160)])
def test_the_foreground_of_a_part_on_a_plain_ground_is_the_part(ground: int, part: int) -> None:
    truth = np.zeros((96, 96), dtype=np.bool_)
    truth[24:72, 30:66] = True
    rules = ("auto", "bright_background" if ground > part else "dark_background")
    for rule in rules:
        mask, has_object = find_foreground(square(ground, part), rule)  # type: ignore[arg-type]
        assert has_object
        overlap = (mask & truth).sum() / (mask | truth).sum()
        assert overlap > 0.9


def test_the_wrong_ground_rule_marks_the_ground() -> None:
    mask, _ = find_foreground(square(220, 60), "dark_background")
    assert mask[0, 0]
    assert not mask[48, 48]


def test_a_texture_and_the_rule_none_are_all_foreground() -> None:
    for image, rule in ((noise(1), "auto"), (square(220, 60), "none")):
        mask, has_object = find_foreground(image, rule)  # type: ignore[arg-type]
        assert mask.all()
        assert not has_object


def test_perlin_regions_stay_on_the_object() -> None:
    image = square(220, 60)
    canvas = prepare(image, SyntheticConfig())
    for seed in range(10):
        layer = perlin.paint(canvas, np.random.default_rng(seed))
        if layer is not None:
            assert not (layer.support.astype(bool) & ~canvas.foreground).any()


def test_a_lower_perlin_threshold_marks_more() -> None:
    def mean_share(threshold: float) -> float:
        canvas = prepare(noise(2), replace(SyntheticConfig(), perlin_threshold=threshold))
        layers = [perlin.paint(canvas, np.random.default_rng(seed)) for seed in range(40)]
        return float(np.mean([layer.support.mean() for layer in layers if layer is not None]))

    raid, draem = mean_share(0.3), mean_share(0.5)
    assert raid > 1.5 * draem > 0


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("procedural", {"texture"}),
        ("self", {"structural"}),
        ("both", {"texture", "structural"}),
    ],
)
def test_the_texture_source_is_respected(source: str, kinds: set[str]) -> None:
    canvas = prepare(noise(3), replace(SyntheticConfig(), texture_source=source))  # type: ignore[arg-type]
    layers = [perlin.paint(canvas, np.random.default_rng(seed)) for seed in range(20)]
    assert {layer.defect_type for layer in layers if layer is not None} == kinds


def test_the_picture_keeps_its_share_under_the_texture() -> None:
    config = replace(SyntheticConfig(), blend_beta_max=0.8, texture_source="procedural")
    image = np.full((96, 96, 3), 100, dtype=np.uint8)
    canvas = prepare(image, config)
    seen = 0.0
    for seed in range(30):
        layer = perlin.paint(canvas, np.random.default_rng(seed))
        assert layer is not None
        inside = layer.pixels[layer.support > 0]
        assert inside.min() >= 0
        assert inside.max() <= 255
        seen = max(seen, float(np.abs(inside.astype(float) - 100).max()))
    assert seen > 60


def test_shuffling_keeps_every_tile_of_the_picture() -> None:
    canvas = prepare(noise(4), replace(SyntheticConfig(), source_augmentations=0))
    shuffled = perlin.shuffled(canvas, np.random.default_rng(0))
    assert np.array_equal(np.sort(shuffled.ravel()), np.sort(canvas.image.ravel()))
    assert not np.array_equal(shuffled, canvas.image)


def test_a_pasted_rectangle_comes_from_the_picture() -> None:
    config = replace(SyntheticConfig(), scar_probability=0.0, cutpaste_jitter=0.0)
    image = noise(5)
    layer = paste.paint_cutpaste(prepare(image, config), np.random.default_rng(1))
    assert layer is not None
    rows, columns = np.nonzero(layer.support)
    patch = layer.pixels[rows[0] : rows[-1] + 1, columns.min() : columns.max() + 1]
    area = layer.support.sum() / layer.support.size
    assert 0.015 <= area <= 0.155
    windows = np.lib.stride_tricks.sliding_window_view(image, patch.shape)[..., 0, :, :, :]
    assert np.abs(windows - patch).max(axis=(-3, -2, -1)).min() < 0.01


def test_a_scar_is_thin() -> None:
    config = replace(SyntheticConfig(), scar_probability=1.0)
    for seed in range(10):
        layer = paste.paint_cutpaste(prepare(noise(6), config), np.random.default_rng(seed))
        assert layer is not None
        assert layer.defect_type == "cutpaste_scar"
        assert layer.support.mean() < 0.012


def test_nsa_takes_its_patch_from_the_other_picture() -> None:
    image = np.full((96, 96, 3), 128, dtype=np.uint8)
    other = noise(7)
    with_other = paste.paint_nsa(
        prepare(image, SyntheticConfig()), np.random.default_rng(0), [other]
    )
    assert with_other is not None
    assert np.abs(with_other.pixels.astype(int) - image).max() > 20
    without = paste.paint_nsa(prepare(image, SyntheticConfig()), np.random.default_rng(0), ())
    assert without is None or np.abs(without.pixels.astype(int) - image).max() <= 2


def test_nsa_blends_without_a_seam() -> None:
    rows = np.linspace(60, 190, 96)
    image = np.repeat(np.repeat(rows[:, None, None], 96, axis=1), 3, axis=2).astype(np.uint8)
    darker = (image * 0.4).astype(np.uint8)
    layer = paste.paint_nsa(prepare(image, SyntheticConfig()), np.random.default_rng(2), [darker])
    assert layer is not None
    step = np.abs(np.diff(layer.pixels[..., 0].astype(int), axis=1)).max()
    assert step < 25, "a plain paste would step by more than 60"


def test_changes_of_tones_are_gathered_without_changing_their_result() -> None:
    image = noise(8, 40)
    for seed in range(12):
        gathered = perlin.augment(image, np.random.default_rng(seed), 10)
        assert gathered.shape == image.shape
        assert gathered.dtype == np.uint8
    assert np.array_equal(perlin.augment(image, np.random.default_rng(0), 0), image)
    tones = np.arange(256, dtype=np.float32)
    grey = np.repeat(tones, 3).reshape(16, 16, 3)
    inverted = perlin._invert(grey, np.random.default_rng(1))
    table = perlin._invert(perlin._TONES, np.random.default_rng(1))
    assert np.array_equal(inverted.reshape(-1, 3), table.reshape(-1, 3))
