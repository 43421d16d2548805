"""A file of the corpus and the result decided for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from tests.corpus import build

KINDS = {"PNG": "png", "JPEG": "jpg", "BMP": "bmp", "TIFF": "tif", "WEBP": "webp"}

Outcome = Literal["accept", "flag", "reject"]


@dataclass(frozen=True, slots=True)
class Case:
    """One file and what the loader has to say about it.

    Attributes:
        path: The file.
        outcome: ``accept`` (no flags), ``flag`` or ``reject``.
        words: Each must occur in the refusal, or in the flags of a flagged picture, or in the
            notes of an accepted one.
    """

    path: Path
    outcome: Outcome
    words: tuple[str, ...]


class Corpus:
    """Collects cases while their files are written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cases: list[Case] = []

    def add(self, name: str, content: bytes, outcome: Outcome, *words: str) -> Path:
        """Write one file and note what is expected of it."""
        path = self.folder / name
        path.write_bytes(content)
        self.expect(path, outcome, *words)
        return path

    def expect(self, path: Path, outcome: Outcome, *words: str) -> None:
        """Note what is expected of a path that exists already, or must not."""
        self.cases.append(Case(path, outcome, words))


def plain_photo() -> Image.Image:
    """Return the picture most files of the corpus hold."""
    return Image.fromarray(build.scene())
