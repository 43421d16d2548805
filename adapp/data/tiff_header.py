"""What a TIFF claims about itself: its first directory, read without decoding any sample."""

from collections.abc import Sequence
from typing import IO, Any

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from adapp.core.errors import BadImage
from adapp.data.header import DAMAGED, MAX_PIXELS, PARSE_ERRORS, Header, Paging, check_limits
from adapp.data.window import SampleKind


def read_tiff(file: IO[bytes], start: bytes, size: int) -> Header:
    """Return what the first directory of a TIFF claims, after its data are known to be there.

    Raises:
        BadImage: If a limit is exceeded, data are missing or the samples are not supported.
    """
    big = 43 in start[2:4]
    tags: Any = ImageFileDirectory_v2(start[: 16 if big else 8])
    file.seek(tags.next)
    tags.load(file)
    width, height = int(tags[256]), int(tags[257])
    check_limits(width, height)
    _check_tiff_data(tags, size)
    depths, formats = _integers(tags.get(258, 1)), _integers(tags.get(339, 1))
    if len({*depths}) != 1 or len({*formats}) != 1:
        msg = "its channels have different bit depths. Save it with one depth for all."
        raise BadImage(msg)
    channels, photometric = int(tags.get(277, 1)), int(tags.get(262, 1))
    deep = _tiff_kind(depths[0], formats[0])
    if deep and (photometric not in (0, 1, 2) or channels not in (1, 3, 4)):
        msg = (
            f"its {channels} channels of {depths[0]} bits (TIFF colour kind {photometric}) are not "
            "grey or RGB. Save it as grey or RGB."
        )
        raise BadImage(msg)
    extra = _integers(tags.get(338, ()))
    orientation = int(tags.get(274, 1))
    return Header(
        "TIFF",
        width,
        height,
        depths[0],
        deep,
        channels,
        paging=_tiff_paging(file, tags, start),
        inverted=deep is not None and photometric == 0,
        alpha=channels == 4 and bool(extra) and extra[-1] in (1, 2),
        signed=formats[0] == 2,
        orientation=orientation if orientation in range(1, 9) else 1,
    )


def _tiff_kind(depth: int, sample_format: int) -> SampleKind | None:
    known = depth in (32, 64) if sample_format == 3 else depth <= 32 and sample_format in (1, 2, 4)
    if not known:
        msg = (
            f"its samples ({depth} bits, TIFF sample kind {sample_format}) are not supported. "
            "Save it with 8- or 16-bit integers or 32-bit floats."
        )
        raise BadImage(msg)
    if sample_format == 3:
        return "float"
    # Signed 8-bit samples may be negative, so they need a window too.
    return "integer" if depth > 8 or sample_format == 2 else None


def _check_tiff_data(tags: Any, size: int) -> None:  # noqa: ANN401 - Pillow's directory is untyped
    """Refuse strips and tiles that the file does not contain, and giant tiles."""
    width, height = int(tags[256]), int(tags[257])
    if 322 in tags:
        across, down = int(tags[322]), int(tags[323])
        if across * down > MAX_PIXELS:
            msg = f"its tiles are above {MAX_PIXELS // 10**6} megapixels. Save it without tiles."
            raise BadImage(msg)
    else:
        across, down = width, min(int(tags.get(278, height)), height)
    offsets = _integers(tags.get(273, tags.get(324, ())))
    counts = _integers(tags.get(279, tags.get(325, ())))
    beyond = any(o + c > size for o, c in zip(offsets, counts, strict=False))
    planes = int(tags.get(277, 1)) if tags.get(284) == 2 else 1
    # With fewer pieces than the size needs, Pillow would leave the rest black.
    missing = len(offsets) < -(-width // across) * -(-height // down) * planes
    if missing or beyond or max(offsets) >= size:
        raise BadImage(DAMAGED.format("TIFF"))


def _tiff_paging(file: IO[bytes], first: Any, start: bytes) -> Paging:  # noqa: ANN401 - as above
    """Return ``pages`` if a second picture follows that is not a small copy of the first."""
    if not first.next:
        return ""
    second: Any = ImageFileDirectory_v2(start[: 16 if 43 in start[2:4] else 8])
    try:
        file.seek(first.next)
        second.load(file)
        return "" if int(second.get(254, 0)) & 1 else "pages"
    except PARSE_ERRORS:
        return "pages"  # something follows that cannot be read: say so rather than hide it


def _integers(value: object) -> list[int]:
    return [int(v) for v in value] if isinstance(value, Sequence) else [int(str(value))]
