import numpy as np
import pytest

from adapp.data.procedural import FAMILIES, ProceduralCategory, render

SIZE = 96


def picture(family: str, seed: int, instance: int, size: int = SIZE) -> np.ndarray:
    return ProceduralCategory(family, seed).render(np.random.default_rng(instance), size)


def test_there_are_many_families() -> None:
    assert len(FAMILIES) >= 16
    assert len(set(FAMILIES)) == len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_part_is_a_picture_with_contrast_and_sensor_noise(family: str) -> None:
    for seed in range(4):
        image = picture(family, seed, 0)
        assert image.shape == (SIZE, SIZE, 3)
        assert image.dtype == np.uint8
        assert image.flags["C_CONTIGUOUS"]
        assert image.std() > 3
        assert len(np.unique(image[..., 1])) > 20, "a flat vector graphic has few tones"
        clipped = np.mean((image == 0) | (image == 255))
        assert clipped < 0.6


@pytest.mark.parametrize("family", FAMILIES)
def test_seeds_fix_the_picture(family: str) -> None:
    assert np.array_equal(picture(family, 1, 5), picture(family, 1, 5))


@pytest.mark.parametrize("family", FAMILIES)
def test_instances_differ_and_categories_differ_more(family: str) -> None:
    """Colour statistics tell two categories apart better than two parts of one category."""

    def tone(seed: int, instance: int) -> np.ndarray:
        image = picture(family, seed, instance).astype(float)
        return np.concatenate([image.mean(axis=(0, 1)), image.std(axis=(0, 1))])

    looks = [[tone(seed, instance) for instance in range(2)] for seed in range(6)]
    within = np.mean([np.abs(a - b).max() for a, b in looks])
    between = np.mean([np.abs(looks[i][0] - looks[j][0]).max() for i in range(6) for j in range(i)])
    assert within > 0
    assert between > 2 * within
    assert not np.array_equal(picture(family, 1, 0), picture(family, 1, 1))


@pytest.mark.parametrize("family", ["gear", "woven_fabric", "board", "pills"])
@pytest.mark.parametrize("size", [64, 101, 224])
def test_every_size_shows_the_same_part(family: str, size: int) -> None:
    image = picture(family, 2, 0, size)
    assert image.shape == (size, size, 3)
    whole = picture(family, 2, 0, 96).reshape(-1, 3).mean(axis=0)
    assert np.abs(image.reshape(-1, 3).mean(axis=0) - whole).max() < 25


def test_render_draws_a_new_category_each_time() -> None:
    rng = np.random.default_rng(0)
    tones = [render("washer", rng, 64).mean(axis=(0, 1)) for _ in range(4)]
    assert min(np.abs(tones[i] - tones[j]).max() for i in range(4) for j in range(i)) > 1


def test_the_layout_of_a_board_belongs_to_the_category() -> None:
    def contours(seed: int, instance: int) -> np.ndarray:
        image = picture("board", seed, instance, 160).astype(float).mean(axis=2)
        small = image.reshape(20, 8, 20, 8).mean(axis=(1, 3))
        return (small - small.mean()).ravel()

    def alike(one: np.ndarray, other: np.ndarray) -> float:
        return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    same = alike(contours(3, 0), contours(3, 1))
    other = alike(contours(3, 0), contours(4, 0))
    assert same > 0.6
    assert same > other + 0.3


def test_unknown_families_negative_seeds_and_tiny_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown family 'dragon'"):
        ProceduralCategory("dragon", 0)
    with pytest.raises(ValueError, match="negative"):
        ProceduralCategory("gear", -1)
    with pytest.raises(ValueError, match="64 pixels"):
        ProceduralCategory("gear", 0).render(np.random.default_rng(0), 63)
