"""What a picture file may claim about itself, and the limits it has to keep.

The limits are our own numbers: Pillow's global ``Image.MAX_IMAGE_PIXELS`` is neither trusted nor
changed.
"""

import struct
import warnings
from dataclasses import dataclass
from typing import Literal, TypeAlias

from adapp.core.errors import BadImage
from adapp.data.window import SampleKind

PictureFormat: TypeAlias = Literal["PNG", "JPEG", "BMP", "TIFF", "WEBP"]
Paging: TypeAlias = Literal["", "pages", "frames"]

MAX_PIXELS = 40_000_000
MAX_SIDE = 12_000
MAX_RATIO = 20
MAX_FILE_BYTES = 400_000_000

DAMAGED = "the {} data is damaged or cut off. Copy or export the file again."
SAVE_AS = "Save it as PNG, JPEG, BMP, TIFF or WebP."

# Pillow warns about odd metadata on stderr; the loader says what matters in its own words.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# Everything Pillow, libtiff bindings and struct were seen to raise on hostile bytes.
# Warning: a run with warnings turned into errors must refuse, not crash.
PARSE_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
)

SUFFIXES: dict[PictureFormat, frozenset[str]] = {
    "PNG": frozenset({".png", ".apng"}),
    "JPEG": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    "BMP": frozenset({".bmp", ".dib"}),
    "TIFF": frozenset({".tif", ".tiff"}),
    "WEBP": frozenset({".webp"}),
}


@dataclass(frozen=True, slots=True)
class Header:
    """The claims of a picture file, within the limits; nothing of it is decoded yet.

    Attributes:
        format: Recognised by content.
        width: Stored pixels per row, before any rotation the file asks for.
        height: Stored rows.
        bit_depth: Bits of one stored sample.
        deep: Kind of sample if it needs a window; None for pictures of up to 8 bits.
        channels: Stored samples per pixel; for palettes and JPEG as the decoder finds it, 0.
        paging: ``pages`` or ``frames`` if the file holds more than the first picture.
        inverted: Whether small samples are bright (TIFF "white is zero").
        alpha: Whether the last of the channels is an alpha channel (PNG, deep TIFF).
        palette: Whether a PNG needs a palette.
        signed: Whether integer samples are signed.
        orientation: Orientation tag of a TIFF, 1 to 8; other formats keep theirs in EXIF.
    """

    format: PictureFormat
    width: int
    height: int
    bit_depth: int = 8
    deep: SampleKind | None = None
    channels: int = 0
    paging: Paging = ""
    inverted: bool = False
    alpha: bool = False
    palette: bool = False
    signed: bool = False
    orientation: int = 1

    @property
    def upright_size(self) -> tuple[int, int]:
        """Height and width after the turn that a TIFF's orientation tag asks for."""
        turned = self.orientation >= 5
        return (self.width, self.height) if turned else (self.height, self.width)


def check_limits(width: int, height: int) -> None:
    """Refuse sizes that are too large to decode or too odd to compare.

    Raises:
        BadImage: If a limit is exceeded; the message does not name the file.
    """
    shown = f"{width} x {height} pixels"
    if width < 1 or height < 1:
        msg = f"the header claims {shown}. Export the picture again."
        raise BadImage(msg)
    if width * height > MAX_PIXELS:
        msg = (
            f"{shown} ({width * height / 1e6:.0f} megapixels) is above the limit of "
            f"{MAX_PIXELS // 10**6} megapixels. Scale it down or cut it into tiles."
        )
        raise BadImage(msg)
    if max(width, height) > MAX_SIDE:
        msg = f"{shown}: a side is above {MAX_SIDE} pixels. Scale it down or cut it into tiles."
        raise BadImage(msg)
    if max(width, height) > MAX_RATIO * min(width, height):
        msg = (
            f"{shown}: one side is more than {MAX_RATIO} times the other. "
            "Cut the strip into pieces."
        )
        raise BadImage(msg)
