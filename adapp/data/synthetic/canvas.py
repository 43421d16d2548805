"""The picture under work: where its object lies, how noisy it is, what it looks like locally."""

from dataclasses import dataclass

import cv2
import numpy as np

from adapp.core.results import BinaryMask, RgbImage
from adapp.data.raster import FloatImage, FloatMap, as_float, bounding_window, box_mean, luminance
from adapp.data.synthetic.config import ForegroundRule, SyntheticConfig

_PROBE_SIDE = 96  # pixels; the foreground is decided on a reduced copy
_RING_SHARE = 0.72  # of the border ring that must lie on the ground
_RING_SPREAD = 14.0  # grey levels around the fitted ground; a busier ring is no plain ground
_RING_FACTOR = 4.0  # times that spread: clearly off the ground
_OBJECT_SHARE = (0.03, 0.92)  # of the picture; outside it the split is no object
_ONE_PIECE = 0.5  # of the object that its largest piece must hold; crumbs are a pattern
_LEAST_SPLIT = 12.0  # grey levels between ground and object
_NOISE_CAP = 12.0  # grey levels; above it the residual is texture, not noise


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A picture after a recipe's work, before it is checked.

    Attributes:
        pixels: The altered picture, [H, W, 3] in 0..255, as bytes or as float.
        support: Where the recipe meant to act, [H, W] in [0, 1].
        defect_type: Canonical name of what was drawn.
    """

    pixels: FloatImage | RgbImage
    support: FloatMap
    defect_type: str


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """One normal picture with the facts that recipes ask for.

    Attributes:
        image: The picture as given, [H, W, 3].
        pixels: The same as float, 0..255.
        foreground: Where anomalies may be placed, [H, W].
        has_object: Whether the foreground is an object on a plain ground.
        noise: Robust spread of the fine residual in grey levels, capped.
        grey: Whether the three channels are alike.
        config: The constants in force.
    """

    image: RgbImage
    pixels: FloatImage
    foreground: BinaryMask
    has_object: bool
    noise: float
    grey: bool
    config: SyntheticConfig

    @property
    def height(self) -> int:
        """Return the number of rows."""
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return int(self.image.shape[1])

    @property
    def extent(self) -> float:
        """Return the geometric mean of both sides in pixels: the unit of relative lengths."""
        return float(np.sqrt(self.height * self.width))

    def draw_area(self, rng: np.random.Generator, largest: float = 1.0) -> float:
        """Return a defect area in pixels, log-uniform in the configured range."""
        low, high = self.config.defect_area
        share = np.exp(rng.uniform(np.log(low), np.log(max(low, min(high, largest)))))
        return max(12.0, float(share) * self.height * self.width)

    def place(self, rng: np.random.Generator) -> tuple[float, float]:
        """Return a random (x, y) on the foreground."""
        return self._pick(rng, self.foreground[::4, ::4].astype(np.float32))

    def place_on_detail(self, rng: np.random.Generator) -> tuple[float, float]:
        """Return a random (x, y) on the foreground, likelier where the picture has structure."""
        small = luminance(self.pixels[::4, ::4])
        spread = box_mean(small * small, 5) - box_mean(small, 5) ** 2
        weight = np.maximum(spread, 0.0) * self.foreground[::4, ::4]
        return self._pick(rng, weight.astype(np.float32))

    def place_on_outline(self, rng: np.random.Generator) -> tuple[float, float] | None:
        """Return a random (x, y) on the object's outline; None where there is no object."""
        if not self.has_object:
            return None
        mask = self.foreground.astype(np.uint8)
        rim = mask - cv2.erode(mask, np.ones((3, 3), dtype=np.uint8))
        rim[[0, -1], :] = 0
        rim[:, [0, -1]] = 0
        rows, columns = np.nonzero(rim)
        if len(rows) == 0:
            return None
        at = int(rng.integers(len(rows)))
        return float(columns[at]), float(rows[at])

    def _pick(self, rng: np.random.Generator, weight: FloatMap) -> tuple[float, float]:
        total = np.cumsum(weight.ravel(), dtype=np.float64)
        if total[-1] <= 0:
            return float(rng.uniform(0, self.width)), float(rng.uniform(0, self.height))
        at = int(np.searchsorted(total, rng.uniform(0, total[-1])))
        row, column = divmod(min(at, total.size - 1), weight.shape[1])
        x = min(self.width - 1.0, 4 * column + float(rng.uniform(0, 4)))
        y = min(self.height - 1.0, 4 * row + float(rng.uniform(0, 4)))
        return x, y

    def local_colour(self, alpha: FloatMap) -> FloatImage:
        """Return the mean colour under ``alpha``, [3] in 0..255."""
        window = bounding_window(alpha)
        if window is None:
            window = (slice(None), slice(None))
            alpha = np.ones_like(alpha)
        weight = alpha[window]
        mean = (self.pixels[window] * weight[..., None]).sum(axis=(0, 1)) / weight.sum()
        return np.asarray(mean, dtype=np.float32)

    def ground_colour(self) -> FloatImage:
        """Return the median colour of the ground beside the object, [3] in 0..255."""
        ground = self.image[::3, ::3][~self.foreground[::3, ::3]]
        if len(ground) == 0:
            return np.zeros(3, dtype=np.float32)
        return np.asarray(np.median(ground, axis=0), dtype=np.float32)


def prepare(image: RgbImage, config: SyntheticConfig) -> Canvas:
    """Return the canvas of a normal picture.

    Raises:
        ValueError: If ``image`` is not RGB uint8 of at least 32 x 32 pixels.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        msg = f"a picture must be uint8 [H, W, 3], got {image.dtype} {image.shape}"
        raise ValueError(msg)
    if min(image.shape[:2]) < 32:
        msg = f"a picture must be at least 32 pixels on each side, got {image.shape[:2]}"
        raise ValueError(msg)
    foreground, has_object = find_foreground(image, config.foreground)
    spread = cv2.absdiff(image[::2, ::2, 0], image[::2, ::2, 2])
    return Canvas(
        image=image,
        pixels=image.astype(np.float32),
        foreground=foreground,
        has_object=has_object,
        noise=_noise(image),
        grey=bool(np.percentile(spread, 99) <= 3),
        config=config,
    )


def _noise(image: RgbImage) -> float:
    """Return the residual's spread by the median of absolute diagonal second differences."""
    grey = image[..., 1].astype(np.int16)
    step = grey[1:, 1:] - grey[1:, :-1] - grey[:-1, 1:] + grey[:-1, :-1]
    middle = float(np.median(np.abs(step[::2, ::2])))
    return min(_NOISE_CAP, middle / (0.6745 * 2))


def find_foreground(image: RgbImage, rule: ForegroundRule) -> tuple[BinaryMask, bool]:
    """Return where the object lies, [H, W], and whether there is one; all ones for textures.

    The rules ``*_background`` are RAID's: Otsu's level on the grey picture, inverted on a bright
    ground. ``auto`` (ours) fits a smooth ground to the border ring and takes what clearly differs
    from it in colour; where the ring is busy or nothing stands out, the picture is a texture.
    """
    height, width = image.shape[:2]
    everything = np.ones((height, width), dtype=np.bool_)
    if rule == "none":
        return everything, False
    side = min(_PROBE_SIDE, height, width)
    probe = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    marked = _off_ground(probe) if rule == "auto" else _otsu(probe, bright=rule[0] == "d")
    if marked is None:
        return everything, False
    closed = cv2.morphologyEx(marked.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    mask = as_float(closed)
    share, largest = float(mask.mean()), _largest_piece(np.asarray(closed, np.uint8))
    if not _OBJECT_SHARE[0] <= share <= _OBJECT_SHARE[1] or largest < _ONE_PIECE * share:
        return everything, False
    full = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full > 0.5), True


def _largest_piece(marked: RgbImage) -> float:
    """Return the share of the picture that the largest connected piece covers."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(marked, connectivity=8)
    areas = np.asarray(stats[1:, cv2.CC_STAT_AREA])
    return float(areas.max(initial=0)) / marked.size


def _otsu(probe: RgbImage, *, bright: bool) -> BinaryMask:
    grey = cv2.cvtColor(probe, cv2.COLOR_RGB2GRAY)
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray(grey > level if bright else grey <= level)


def _off_ground(probe: RgbImage) -> BinaryMask | None:
    """Return what differs from a smooth ground through the border ring; None for a texture."""
    side = probe.shape[0]
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    y, x = (grid.ravel() for grid in np.meshgrid(axis, axis, indexing="ij"))
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    edge = max(3, side // 20)
    ring = np.ones((side, side), dtype=np.bool_)
    ring[edge:-edge, edge:-edge] = False
    colours = as_float(cv2.GaussianBlur(probe, (0, 0), 0.8)).reshape(-1, 3)
    used = ring.ravel()
    middle = np.median(colours[used], axis=0)
    used = used & (_largest(np.abs(colours - middle)) < 3 * _RING_SPREAD)
    for _ in range(2):  # once more without what does not belong to the ground
        if np.count_nonzero(used) < _RING_SHARE * np.count_nonzero(ring):
            return None
        normal = terms[used].T @ terms[used] + 1e-3 * np.eye(6, dtype=np.float32)
        ground = terms @ np.linalg.solve(normal, terms[used].T @ colours[used])
        apart = _largest(np.abs(colours - ground))
        spread = float(np.sqrt(np.mean(apart[used] ** 2)))
        used = used & (apart <= 2.5 * spread + 1)
    if spread > _RING_SPREAD:
        return None
    return np.asarray(apart.reshape(side, side) > max(_LEAST_SPLIT, _RING_FACTOR * spread))


def _largest(colours: FloatMap) -> FloatMap:
    """Return the largest of the three columns; quicker than a maximum over a short axis."""
    return as_float(np.maximum(np.maximum(colours[:, 0], colours[:, 1]), colours[:, 2]))
