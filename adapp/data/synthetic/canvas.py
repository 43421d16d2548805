"""The picture under work: where its object lies, how noisy it is, what it looks like locally."""

from dataclasses import dataclass

import cv2
import numpy as np

from adapp.core.results import BinaryMask, RgbImage
from adapp.data.raster import FloatImage, FloatMap, bounding_window, box_mean, luminance
from adapp.data.synthetic.config import ForegroundRule, SyntheticConfig

_PROBE_SIDE = 96  # pixels; the foreground is decided on a reduced copy
_RING_SHARE = 0.9  # of the border ring on one side of Otsu's level: a plain ground
_RING_SPREAD = 22.0  # grey levels; a busier ring is no plain ground
_OBJECT_SHARE = (0.04, 0.92)  # of the picture; outside it the split is no object
_LEAST_SPLIT = 25.0  # grey levels between both sides of Otsu's level
_NOISE_CAP = 12.0  # grey levels; above it the residual is texture, not noise


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A picture after a recipe's work, before it is checked.

    Attributes:
        pixels: The altered picture, [H, W, 3] in 0..255.
        support: Where the recipe meant to act, [H, W] in [0, 1].
        defect_type: Canonical name of what was drawn.
    """

    pixels: FloatImage
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

    Otsu's level on the grey picture, inverted on a bright ground, as RAID masks its anomalies.
    The rule ``auto`` (ours) looks at the border ring: an object stands on a plain ground if the
    ring is even and lies on one side of the level.
    """
    height, width = image.shape[:2]
    everything = np.ones((height, width), dtype=np.bool_)
    if rule == "none":
        return everything, False
    side = min(_PROBE_SIDE, height, width)
    probe = cv2.cvtColor(
        cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
    )
    probe = cv2.GaussianBlur(probe, (0, 0), 1.0)
    level, _ = cv2.threshold(probe, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = probe > level
    if rule == "auto":
        ground_is_bright = _plain_ground(np.asarray(probe), bright)
        if ground_is_bright is None:
            return everything, False
    else:
        ground_is_bright = rule == "bright_background"
    mask = (~bright if ground_is_bright else bright).astype(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    share = float(mask.mean())
    if not _OBJECT_SHARE[0] <= share <= _OBJECT_SHARE[1]:
        return everything, False
    full = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full > 0.5), True


def _plain_ground(probe: RgbImage, bright: BinaryMask) -> bool | None:
    """Return whether the plain ground is the bright side; None if the ring is no plain ground."""
    ring = np.ones(probe.shape, dtype=np.bool_)
    edge = max(2, probe.shape[0] // 24)
    ring[edge:-edge, edge:-edge] = False
    if bright.all() or not bright.any():
        return None
    split = float(probe[bright].mean() - probe[~bright].mean())
    share = float(bright[ring].mean())
    if split < _LEAST_SPLIT or min(share, 1 - share) > 1 - _RING_SHARE:
        return None
    ground_is_bright = share > 0.5
    tones = probe[ring & (bright == ground_is_bright)]
    return ground_is_bright if float(tones.std()) <= _RING_SPREAD else None
