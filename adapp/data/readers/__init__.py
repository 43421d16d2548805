"""One module per folder layout; each says whether a folder is one of its categories."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from adapp.data.readers import btad, mvtec, visa
from adapp.data.samples import Category


@dataclass(frozen=True, slots=True)
class Reader:
    """A folder layout.

    Attributes:
        layout: Its name.
        matches: Whether a folder is a category laid out this way.
        read: The category in that folder, under the name given.
    """

    layout: str
    matches: Callable[[Path], bool]
    read: Callable[[Path, str], Category]


READERS: tuple[Reader, ...] = (
    Reader("visa", visa.matches, visa.read),
    Reader("btad", btad.matches, btad.read),
    Reader("mvtec", mvtec.matches, mvtec.read),
)


def reader_of(folder: Path) -> Reader | None:
    """Return the reader whose layout ``folder`` follows; None if it is no category."""
    return next((reader for reader in READERS if reader.matches(folder)), None)
