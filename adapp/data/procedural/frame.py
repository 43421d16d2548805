"""Where a part lies: a posed coordinate grid, and signed distances to simple outlines.

Coordinates run from -1 to 1 over the picture's side, x to the right, y down. A signed distance is
negative inside and counts in the same unit.
"""

from dataclasses import dataclass

import numpy as np

from adapp.data.raster import FloatMap, as_float


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The coordinates of every pixel in a part's own system.

    Attributes:
        x: Position along the part's first axis, [S, S].
        y: Position along its second axis, [S, S].
        pixel: Side of a pixel in the same unit.
        turn: Rotation of the part in radians.
    """

    x: FloatMap
    y: FloatMap
    pixel: float
    turn: float

    @property
    def size(self) -> int:
        """Return the picture's side in pixels."""
        return int(self.x.shape[0])

    def cover(self, distance: FloatMap) -> FloatMap:
        """Return the antialiased coverage of a signed distance, [S, S] in [0, 1]."""
        covered: FloatMap = np.clip(0.5 - distance / np.float32(self.pixel), 0, 1)
        return covered

    def radius(self) -> FloatMap:
        """Return the distance from the part's centre, [S, S]."""
        return np.sqrt(self.x * self.x + self.y * self.y)

    def angle(self) -> FloatMap:
        """Return the polar angle around the part's centre, [S, S] in -pi..pi."""
        return np.arctan2(self.y, self.x)


def pose(
    size: int,
    rng: np.random.Generator,
    *,
    shift: float = 0.02,
    turn: float = 0.02,
    zoom: float = 0.01,
    heading: float = 0.0,
) -> Frame:
    """Return a frame jittered about ``heading``.

    Args:
        size: Side of the picture in pixels.
        rng: Source of the jitter.
        shift: Standard deviation of the position, in half sides.
        turn: Standard deviation of the rotation in radians; above 3 any rotation is as likely.
        zoom: Standard deviation of the scale.
        heading: Mean rotation in radians.
    """
    spin = rng.uniform(0, 2 * np.pi) if turn > 3 else rng.normal(0, turn)
    angle = heading + spin
    scale = float(np.exp(rng.normal(0, zoom)))
    move = np.clip(rng.normal(0, shift, 2), -2.5 * shift, 2.5 * shift)
    axis = (np.arange(size, dtype=np.float32) + 0.5) * np.float32(2 / size) - 1
    across, down = (axis[None, :] - move[0]) / scale, (axis[:, None] - move[1]) / scale
    x = (across * np.cos(angle) + down * np.sin(angle)).astype(np.float32)
    y = (down * np.cos(angle) - across * np.sin(angle)).astype(np.float32)
    return Frame(x, y, 2 / size / scale, angle)


def freedom(look: np.random.Generator) -> tuple[float, float]:
    """Return how much parts of a category shift and turn: fixture, loose, or any orientation."""
    kind = look.random()
    if kind < 0.45:
        return look.uniform(0.003, 0.02), look.uniform(0.003, 0.03)
    if kind < 0.75:
        return look.uniform(0.02, 0.05), look.uniform(0.03, 0.2)
    return look.uniform(0.02, 0.05), 9.0


def circle(frame: Frame, radius: float, x: float = 0.0, y: float = 0.0) -> FloatMap:
    """Return the signed distance to a circle."""
    return as_float(np.hypot(frame.x - np.float32(x), frame.y - np.float32(y)) - radius)


def box(
    frame: Frame, half_x: float, half_y: float, corner: float = 0.0, x: float = 0.0, y: float = 0.0
) -> FloatMap:
    """Return the signed distance to a rectangle with rounded corners."""
    return box_at(frame.x - np.float32(x), frame.y - np.float32(y), half_x, half_y, corner)


def box_at(x: FloatMap, y: FloatMap, half_x: float, half_y: float, corner: float = 0.0) -> FloatMap:
    """Return the signed distance to a rounded rectangle around the origin of (x, y)."""
    beyond_x = np.abs(x) - np.float32(half_x - corner)
    beyond_y = np.abs(y) - np.float32(half_y - corner)
    outside = np.hypot(np.maximum(beyond_x, 0), np.maximum(beyond_y, 0))
    inside = np.minimum(np.maximum(beyond_x, beyond_y), 0)
    distance: FloatMap = outside + inside - np.float32(corner)
    return distance


def polygon(frame: Frame, sides: int, inner_radius: float) -> FloatMap:
    """Return the signed distance (exact along the sides) to a regular polygon."""
    sector = np.float32(2 * np.pi / sides)
    angle = frame.angle()
    folded = angle - sector * np.round(angle / sector)
    distance: FloatMap = frame.radius() * np.cos(folded) - np.float32(inner_radius)
    return distance


def segment(
    frame: Frame, start: tuple[float, float], end: tuple[float, float], half_width: float
) -> FloatMap:
    """Return the signed distance to a stroke with round ends."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    length = max(along_x**2 + along_y**2, 1e-9)
    x, y = frame.x - np.float32(start[0]), frame.y - np.float32(start[1])
    share = np.clip((x * np.float32(along_x) + y * np.float32(along_y)) / np.float32(length), 0, 1)
    distance: FloatMap = np.hypot(x - share * np.float32(along_x), y - share * np.float32(along_y))
    return distance - np.float32(half_width)


def repeat(values: FloatMap, period: float) -> FloatMap:
    """Return coordinates folded into one period around 0."""
    step = np.float32(period)
    return as_float(values - step * np.round(values / step))


def union(*distances: FloatMap) -> FloatMap:
    """Return the signed distance to all the outlines together."""
    return as_float(np.minimum.reduce(distances))


def subtract(distance: FloatMap, *removed: FloatMap) -> FloatMap:
    """Return the signed distance to an outline with others cut out."""
    return as_float(np.maximum(distance, -np.minimum.reduce(removed)))


def grid_cells(
    frame: Frame,
    rng: np.random.Generator,
    columns: int,
    rows: int,
    period: tuple[float, float],
    loose: float,
) -> tuple[FloatMap, FloatMap, FloatMap]:
    """Return each pixel's place (x, y) in its own grid cell and the cell's number, all [S, S]."""
    shift_x = np.float32((columns - 1) / 2)
    shift_y = np.float32((rows - 1) / 2)
    column = np.clip(np.round(frame.x / np.float32(period[0]) + shift_x), 0, columns - 1)
    row = np.clip(np.round(frame.y / np.float32(period[1]) + shift_y), 0, rows - 1)
    number = (row * columns + column).astype(np.int32)
    drift = rng.normal(0, loose, (2, columns * rows)).astype(np.float32)
    x = frame.x - (column - shift_x) * np.float32(period[0]) - drift[0][number]
    y = frame.y - (row - shift_y) * np.float32(period[1]) - drift[1][number]
    return x, y, number
