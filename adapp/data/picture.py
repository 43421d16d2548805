"""One picture file in, one upright 8-bit RGB picture with its remarks out.

Open lazily, recognise the format by content, check the limits, decode, turn upright, apply the
bit-depth rule, convert to RGB, keep no metadata. There is no second way into the package.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from adapp.core.errors import BadImage
from adapp.core.results import RgbImage
from adapp.data.decode import FIRST_FRAME, Remarks, decode_rgb
from adapp.data.deep import decode_samples, render
from adapp.data.header import PARSE_ERRORS, SUFFIXES, Header
from adapp.data.header_readers import read_header
from adapp.data.paths import safe_name
from adapp.data.window import SampleStatistics, Window, fit_window, sample_statistics

TINY_SIDE = 64  # pixels; fewer than five 14-pixel patches across
LOW_CONTRAST = 10  # grey levels between the darkest and the brightest half percent

_CONTRAST_SAMPLE = 1 << 14  # pixels looked at to judge the contrast


@dataclass(frozen=True, slots=True, eq=False)
class LoadedImage:
    """A picture that passed the gate.

    Attributes:
        name: Printable file name, for display only.
        path: Where it came from; None for a picture that was never a file.
        pixels: Upright RGB at original resolution, [H, W, 3], read-only.
        notes: What was converted on the way in, one sentence each; nothing to worry about.
        flags: Findings that may change a verdict, one sentence each; empty means accepted.
        bit_depth: Bits of one sample as stored in the file.
        original_size: Height and width of the upright picture in pixels.
    """

    name: str
    path: Path | None
    pixels: RgbImage
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    bit_depth: int = 8
    original_size: tuple[int, int] = (0, 0)


def inspect_file(path: Path) -> Header:
    """Return what a file claims to hold, without decoding it.

    Raises:
        BadImage: As for ``load_image``, as far as the header shows it.
    """
    with _opened(path) as (_, header, _):
        return header


def measure_samples(path: Path) -> SampleStatistics | None:
    """Return the sample statistics that the window of a run needs; None for 8-bit pictures.

    Raises:
        BadImage: As for ``load_image``.
    """
    with _opened(path) as (file, header, size):
        if header.deep is None:
            return None
        return sample_statistics(decode_samples(file, header, size, Remarks()))


def load_image(path: Path, window: Window | None = None) -> LoadedImage:
    """Return the picture in a file as upright 8-bit RGB.

    Args:
        path: A PNG, JPEG, BMP, TIFF or WebP file, whatever its name says.
        window: Window for 16-bit, 32-bit and float samples, shared by all pictures of a run.
            None fits one to this picture alone and flags it. Ignored for 8-bit pictures.

    Raises:
        BadImage: If the file cannot be read, is no supported picture, is damaged or exceeds a
            limit. The message starts with the file's name and never holds its folder.
    """
    remarks = Remarks()
    with _opened(path) as (file, header, size):
        _remark_on_file(path, header, remarks)
        if header.deep is None:
            pixels = decode_rgb(file, header, size, remarks)
        else:
            samples = decode_samples(file, header, size, remarks)
            if window is None:
                window = fit_window([sample_statistics(samples)])
                remarks.flags.append(
                    "The intensity window was fitted to this picture alone, so it cannot be "
                    "compared with others."
                )
            pixels = render(samples, header, window, remarks)
            remarks.notes.append(_window_note(header, window))
    _remark_on_pixels(pixels, remarks)
    pixels.setflags(write=False)
    return LoadedImage(
        name=safe_name(path),
        path=path,
        pixels=pixels,
        notes=tuple(dict.fromkeys(remarks.notes)),
        flags=tuple(dict.fromkeys(remarks.flags)),
        bit_depth=header.bit_depth,
        original_size=(pixels.shape[0], pixels.shape[1]),
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], Header, int]]:
    """Open a file for reading with its header and length; name it in every refusal."""
    try:
        with _open_regular(path) as file:
            size = file.seek(0, 2)
            yield file, read_header(file, size), size
    except BadImage as error:
        msg = f"{safe_name(path)}: {error}"
        raise BadImage(msg) from error


def _open_regular(path: Path) -> IO[bytes]:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):  # opening a pipe or device could wait for ever
            return path.open("rb")
    except PermissionError as error:
        msg = "the file may not be read. Change its permissions or copy it."
        raise BadImage(msg) from error
    except FileNotFoundError as error:
        msg = "there is no such file. Check the path."
        raise BadImage(msg) from error
    except PARSE_ERRORS as error:  # link loops, over-long names, NUL characters
        msg = "the file cannot be opened. Copy it to another place under a short name."
        raise BadImage(msg) from error
    what = "a folder" if stat.S_ISDIR(mode) else "a device or pipe"
    msg = f"this is {what}, not a picture file. Name a picture."
    raise BadImage(msg)


def _remark_on_file(path: Path, header: Header, remarks: Remarks) -> None:
    if path.suffix.lower() not in SUFFIXES[header.format]:
        remarks.notes.append(f"The content is {header.format}, which the file name does not say.")
    if header.paging == "pages":
        remarks.flags.append("Only the first page of several was read.")
    if header.paging == "frames":
        remarks.flags.append(FIRST_FRAME)


def _window_note(header: Header, window: Window) -> str:
    kind = "float" if header.deep == "float" else "integer"
    return (
        f"{header.bit_depth}-bit {kind} picture: shown and scored with the window {window} "
        f"({window.origin})."
    )


def _remark_on_pixels(pixels: RgbImage, remarks: Remarks) -> None:
    height, width = pixels.shape[:2]
    if min(height, width) < TINY_SIDE:
        remarks.flags.append(
            f"The picture is tiny ({width} x {height} pixels); below {TINY_SIDE} pixels there is "
            "little to compare."
        )
    span = _brightness_span(pixels)
    if span < LOW_CONTRAST:
        remarks.flags.append(f"Low contrast: its brightness spans only {span} of 255 levels.")


def _brightness_span(pixels: RgbImage) -> int:
    """Return the grey levels between the 0.5th and the 99.5th percentile, 0 to 255."""
    step = max(1, int((pixels.shape[0] * pixels.shape[1] / _CONTRAST_SAMPLE) ** 0.5))
    grey = cv2.cvtColor(np.ascontiguousarray(pixels[::step, ::step]), cv2.COLOR_RGB2GRAY)
    share = np.cumsum(np.bincount(grey.reshape(-1), minlength=256)) / grey.size
    darkest, brightest = np.searchsorted(share, (0.005, 0.995))
    return int(brightest - darkest)
