"""Render the example pictures: `python assets/render_parts.py [--out DIR]` rewrites this folder.

Every picture follows from the seeds below. A mask is where the part with its flaw and the same
part without it differ before the camera adds its noise.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import parts
from numpy.typing import NDArray

from adapp.data.procedural.camera import Camera, capture
from adapp.data.raster import FloatImage, largest_change, to_bytes

SIZE = 288
SUPPORTS = 4
ORIGIN = "Rendered by this project with assets/render_parts.py"
LICENCE = "Apache-2.0"
VISIBLE = 7  # grey levels; a smaller difference is not marked in the mask

Draw = Callable[[np.random.Generator, np.random.Generator, int, str | None], FloatImage]

QUIET = Camera(
    gradient=0.06,
    towards=0.8,
    vignette=0.1,
    softness=0.5,
    read=0.7,
    shot=0.004,
    tone=0.0,
    monochrome=False,
    quality=None,
)


@dataclass(frozen=True)
class Card:
    """One example: a part, its flaws, and how it is photographed."""

    key: str
    title: str
    category: str
    expected: str
    draw: Draw
    seed: int
    flaws: tuple[str, ...]
    good_queries: int = 1
    camera: Camera = QUIET
    bits: int = 8


CARDS = (
    Card(
        "perforated-plate",
        "Perforated plate, blocked hole",
        "perforated plate",
        "One hole is blocked in the first part and two are torn into one in the second; "
        "the third is good.",
        parts.plate_with_holes,
        11,
        ("blocked", "torn"),
        camera=replace(QUIET, monochrome=True),
    ),
    Card(
        "woven-fabric",
        "Woven fabric, oil stain",
        "woven fabric",
        "An oil stain in the first piece and a loose thread in the second; the third is good.",
        parts.cloth,
        7,
        ("stain", "thread"),
    ),
    Card(
        "gasket",
        "Rubber gasket, cut",
        "gasket",
        "The first gasket is cut through and the second has a nick in its rim; the third is good.",
        parts.seal,
        8,
        ("cut", "nick"),
    ),
    Card(
        "circuit-board",
        "Circuit board, missing pad",
        "circuit board",
        "A pad is missing on the first board and solder joins two pads on the second; "
        "the third is good.",
        parts.circuit,
        6,
        ("missing", "bridge"),
    ),
    Card(
        "sheet-metal",
        "Sheet metal, scratch (16-bit pictures)",
        "sheet metal",
        "A scratch on the first sheet and a dent in the second; the third is good. "
        "The pictures are 16-bit files of a 12-bit camera.",
        parts.sheet,
        1,
        ("scratch", "dent"),
        camera=replace(QUIET, monochrome=True),
        bits=12,
    ),
    Card(
        "blister-pack",
        "Tablets in a blister, one missing",
        "blister pack",
        "A tablet is missing from the first pack and one is broken in the second; "
        "the third is good.",
        parts.blister,
        9,
        ("empty", "broken"),
    ),
    Card(
        "ball-bearing",
        "Ball bearing, all good",
        "ball bearing",
        "All three bearings are good: the maps stay dark.",
        parts.ball_bearing,
        23,
        (),
        good_queries=3,
        camera=replace(QUIET, monochrome=True),
    ),
)


def scene_of(card: Card, number: int, flaw: str | None) -> FloatImage:
    """Return the scene of one part before the camera, [S, S, 3]."""
    look = np.random.default_rng([card.seed, 0])
    return card.draw(look, np.random.default_rng([card.seed, 1, number]), SIZE, flaw)


def photograph(card: Card, number: int, scene: FloatImage) -> NDArray[np.uint8 | np.uint16]:
    """Return the picture as it is stored: RGB, or grey for a grey camera, 8 or 16 bits deep."""
    seen = capture(scene, card.camera, np.random.default_rng([card.seed, 2, number]))
    if card.camera.monochrome:
        seen = seen[..., 0]
    if card.bits == 8:
        return np.rint(seen).astype(np.uint8)
    return np.rint(seen * ((2**card.bits - 1) / 255)).astype(np.uint16)


def mask_of(card: Card, number: int, flaw: str) -> NDArray[np.uint8]:
    """Return 255 where the flaw changed the part, else 0, [S, S]."""
    damaged, sound = (to_bytes(scene_of(card, number, kind)) for kind in (flaw, None))
    marked = (largest_change(damaged, sound) >= VISIBLE).astype(np.uint8) * 255
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    return np.asarray(cv2.morphologyEx(marked, cv2.MORPH_CLOSE, disc), dtype=np.uint8)


def write(path: Path, picture: NDArray[np.uint8 | np.uint16]) -> None:
    """Write a PNG; OpenCV stores no date, so the same pixels give the same file.

    Raises:
        OSError: If the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = picture[..., ::-1] if picture.ndim == 3 else picture
    if not cv2.imwrite(str(path), stored, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        msg = f"{path} could not be written; check the folder and the disk."
        raise OSError(msg)


def render_card(card: Card, out: Path) -> dict[str, object]:
    """Write the pictures of one card below ``out`` and return its entry in the index."""
    support, query, masks, verdicts = [], [], {}, []
    for number in range(SUPPORTS):
        name = f"{card.key}/support_{number}.png"
        write(out / name, photograph(card, number, scene_of(card, number, None)))
        support.append(name)
    for number, flaw in enumerate((*card.flaws, *[None] * card.good_queries), start=SUPPORTS):
        stem = flaw or (f"good_{number - SUPPORTS}" if card.good_queries > 1 else "good")
        name = f"{card.key}/query_{stem}.png"
        write(out / name, photograph(card, number, scene_of(card, number, flaw)))
        query.append(name)
        verdicts.append("anomalous" if flaw else "normal")
        if flaw:
            masks[name] = f"{card.key}/mask_{flaw}.png"
            write(out / masks[name], mask_of(card, number, flaw))
    return {
        "id": card.key,
        "title": card.title,
        "category": card.category,
        "method": "raid",
        "expected": card.expected,
        "verdicts": verdicts,
        "support": support,
        "query": query,
        "masks": masks,
        "origin": ORIGIN,
        "licence": LICENCE,
    }


def main() -> None:
    """Render every card and write the index."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="target folder")
    out = parser.parse_args().out
    entries = [render_card(card, out) for card in CARDS]
    text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    (out / "examples.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
