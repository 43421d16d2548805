import numpy as np
import pytest

from adapp.core.results import RgbImage
from adapp.data.synthetic import DEFECT_TYPES, RECIPES, SyntheticAnomalies, SyntheticConfig
from adapp.data.synthetic.config import Recipe


def textured(seed: int, size: int = 128) -> RgbImage:
    """A grainy stripe texture without an object, so that every type but a chip fits."""
    rng = np.random.default_rng(seed)
    stripes = 120 + 40 * np.sin(np.arange(size) / 5.0)
    picture = stripes[None, :, None] + rng.normal(0, 4, (size, size, 3)) + (0, 8, -12)
    return np.clip(picture, 0, 255).astype(np.uint8)


def disc(size: int = 128) -> RgbImage:
    """A dark disc with a bright bar on a light ground: an object with structure."""
    rows, columns = np.mgrid[:size, :size] - size / 2
    picture = np.full((size, size, 3), (210, 212, 208), dtype=np.float64)
    inside = np.hypot(rows, columns) < 0.36 * size
    picture[inside] = (70, 80, 110)
    picture[inside & (np.abs(rows) < 6)] = (150, 140, 60)
    picture += np.random.default_rng(0).normal(0, 2, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def changed(before: RgbImage, after: RgbImage) -> np.ndarray:
    return np.abs(before.astype(int) - after.astype(int)).max(axis=2)


@pytest.mark.parametrize("recipe", RECIPES)
def test_nothing_changes_outside_the_mask_and_most_pixels_inside_do(recipe: Recipe) -> None:
    make = SyntheticAnomalies(SyntheticConfig.only(recipe)).make
    others = [textured(7), textured(8)]
    for seed in range(12):
        image = textured(seed)
        before = image.copy()
        sample = make(image, np.random.default_rng(seed), others)
        assert np.array_equal(image, before), "the picture handed in must stay as it was"
        assert sample.image.shape == image.shape
        assert sample.image.dtype == np.uint8
        assert sample.mask.shape == image.shape[:2]
        assert sample.mask.dtype == np.bool_
        assert sample.mask.any()
        difference = changed(image, sample.image)
        assert difference[~sample.mask].max() == 0
        assert (difference[sample.mask] > 0).mean() > 0.75
        assert difference[sample.mask].mean() >= 4
        assert sample.recipe in {recipe, "typed"}


@pytest.mark.parametrize("defect_type", DEFECT_TYPES)
def test_each_type_is_drawn_visibly_on_an_object(defect_type: str) -> None:
    generator = SyntheticAnomalies()
    drawn = 0
    for seed in range(10):
        sample = generator.make(disc(), np.random.default_rng(seed), defect_type=defect_type)
        drawn += sample.defect_type == defect_type
        difference = changed(disc(), sample.image)
        assert difference[~sample.mask].max() == 0
        assert difference[sample.mask].max() >= 5
    assert drawn >= 8


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_seed_fixes_the_sample(recipe: Recipe) -> None:
    make = SyntheticAnomalies(SyntheticConfig.only(recipe)).make
    one = make(disc(), np.random.default_rng(3), [disc()])
    same = make(disc(), np.random.default_rng(3), [disc()])
    another = make(disc(), np.random.default_rng(4), [disc()])
    assert np.array_equal(one.image, same.image)
    assert np.array_equal(one.mask, same.mask)
    assert one.defect_type == same.defect_type
    assert not np.array_equal(one.image, another.image)


def test_the_recipes_run_about_as_often_as_they_are_weighted() -> None:
    make = SyntheticAnomalies(SyntheticConfig(nsa_weight=0.0)).make
    image = textured(1, 64)
    names = [make(image, np.random.default_rng(seed)).recipe for seed in range(160)]
    assert "nsa" not in names
    assert 0.28 < names.count("perlin") / 160 < 0.6
    assert 0.28 < names.count("typed") / 160 < 0.6
    assert 0.03 < names.count("cutpaste") / 160 < 0.3


def test_draw_returns_clean_pictures_as_often_as_asked() -> None:
    image = textured(2, 64)
    generator = SyntheticAnomalies(SyntheticConfig(clean_probability=0.5))
    samples = [generator.draw(image, np.random.default_rng(seed)) for seed in range(80)]
    clean = [sample for sample in samples if sample.recipe == "clean"]
    assert 24 <= len(clean) <= 56
    assert all(np.array_equal(sample.image, image) for sample in clean)
    assert not any(sample.mask.any() for sample in clean)
    never = SyntheticAnomalies(SyntheticConfig(clean_probability=0.0))
    assert all(never.draw(image, np.random.default_rng(s)).mask.any() for s in range(10))


def test_typed_defects_span_tiny_to_large_and_faint_to_strong() -> None:
    make = SyntheticAnomalies(SyntheticConfig.only("typed")).make
    image = textured(3)
    samples = [make(image, np.random.default_rng(seed)) for seed in range(150)]
    shares = np.array([sample.mask.mean() for sample in samples])
    levels = np.array([changed(image, s.image)[s.mask].mean() for s in samples])
    assert shares.min() < 0.003
    assert shares.max() > 0.06
    assert levels.min() < 15
    assert levels.max() > 70
    assert len({sample.defect_type for sample in samples}) >= len(DEFECT_TYPES) - 1


def test_only_configured_types_are_drawn() -> None:
    config = SyntheticConfig(
        perlin_weight=0, cutpaste_weight=0, nsa_weight=0, defect_types=("scratch", "hole")
    )
    make = SyntheticAnomalies(config).make
    kinds = {make(disc(), np.random.default_rng(seed)).defect_type for seed in range(20)}
    assert kinds == {"scratch", "hole"}


@pytest.mark.parametrize("defect_type", ["discoloration", "hole", "pitting"])
def test_a_flaw_of_the_material_stays_on_the_object(defect_type: str) -> None:
    generator = SyntheticAnomalies()
    rows, columns = np.mgrid[:128, :128] - 64
    beyond = np.hypot(rows, columns) > 0.36 * 128 + 4
    for seed in range(10):
        sample = generator.make(disc(), np.random.default_rng(seed), defect_type=defect_type)
        assert not (sample.mask & beyond).any()


def test_a_grey_picture_stays_grey() -> None:
    grey = np.repeat(textured(5)[..., :1], 3, axis=2)
    make = SyntheticAnomalies().make
    for seed in range(20):
        sample = make(grey, np.random.default_rng(seed))
        assert np.ptp(sample.image.astype(int), axis=2).max() == 0


@pytest.mark.parametrize("level", [0, 128, 255])
def test_even_a_blank_picture_gets_a_visible_anomaly(level: int) -> None:
    blank = np.full((64, 80, 3), level, dtype=np.uint8)
    for recipe in RECIPES:
        make = SyntheticAnomalies(SyntheticConfig.only(recipe)).make
        for seed in range(5):
            sample = make(blank, np.random.default_rng(seed))
            assert sample.mask.any()
            assert changed(blank, sample.image)[sample.mask].max() >= 5


def test_odd_shapes_and_other_sizes_of_others_are_taken() -> None:
    image = textured(0, 128)[:97, :61]
    for recipe in RECIPES:
        make = SyntheticAnomalies(SyntheticConfig.only(recipe)).make
        sample = make(np.ascontiguousarray(image), np.random.default_rng(1), [textured(1, 200)])
        assert sample.image.shape == (97, 61, 3)


def test_what_cannot_be_damaged_is_refused() -> None:
    make = SyntheticAnomalies().make
    with pytest.raises(ValueError, match="at least 32"):
        make(np.zeros((31, 64, 3), dtype=np.uint8), np.random.default_rng(0))
    with pytest.raises(ValueError, match="uint8"):
        make(np.zeros((64, 64, 3), dtype=np.float32), np.random.default_rng(0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown defect type dragon"):
        make(disc(), np.random.default_rng(0), defect_type="dragon")


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="weights"):
        SyntheticConfig(perlin_weight=0, cutpaste_weight=0, nsa_weight=0, typed_weight=0)
    with pytest.raises(ValueError, match="clean_probability"):
        SyntheticConfig(clean_probability=1.5)
    with pytest.raises(ValueError, match="defect_area"):
        SyntheticConfig(defect_area=(0.2, 0.1))
