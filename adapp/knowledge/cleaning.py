"""Text of strangers made harmless to show and to quote: no markup, no links, nothing invisible.

Nothing here decides whether a sentence is true or an instruction; it removes what could be drawn,
fetched or hidden. Whoever puts the text in front of a language model still has to quote it.
"""

import html
import re
import unicodedata
from pathlib import Path
from typing import Final

NAME_LIMIT: Final = 60
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control, zero width, bidi, undecodable
_BREAKS = frozenset({"Zl", "Zp"})
_MARKS = 2  # combining marks kept on one letter
_PASSES = 4  # markup may be escaped inside markup; after these it is only cut open

_DROPPED = re.compile(
    r"<(script|style)\b.*?(</\1\s*>|\Z)|<(iframe|object|svg)\b.*?</\3\s*>", re.I | re.S
)
_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.S)
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>?")
_CONTROL_TOKEN = re.compile(r"<\|[^|<>]{0,60}\|>|<\|?/?(s|bos|eos|im_start|im_end)\|?>", re.I)
_PICTURE = re.compile(r"!\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])?")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*\S+.*$", re.M)
_ADDRESS = re.compile(
    r"\b(?:[a-z][a-z0-9+.-]{1,12}://|www\.|mailto:|javascript:|data:[a-z]+/)\S*", re.I
)
REMOVED: Final = "[link removed]"


def clean_text(text: str) -> str:
    """Return ``text`` without markup, links, remote pictures and invisible characters.

    Line breaks and list marks stay; headings and emphasis of Markdown are left to the reader of
    pages. Runs of blanks become one, runs of empty lines become one.
    """
    text = visible(text)
    for _ in range(_PASSES):
        plain = _without_markup(html.unescape(text))
        if plain == text:
            break
        text = plain
    text = visible(text)
    lines = [re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def clean_line(text: str, limit: int) -> str:
    """Return ``text`` cleaned, on one line, of at most ``limit`` characters."""
    line = " ".join(clean_text(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def clean_name(name: str) -> str:
    """Return the last part of a file name as a short line for people; never empty."""
    stem = Path(name.replace("\\", "/")).stem
    return clean_line(re.sub(r"[_]+", " ", stem), NAME_LIMIT) or "unnamed page"


def slug(name: str) -> str:
    """Return ``name`` as lower-case ASCII words joined by hyphens, at most 40; never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower()))[:40].strip("-") or "page"


def _without_markup(text: str) -> str:
    text = _DROPPED.sub(" ", _COMMENT.sub(" ", text))
    text = _CONTROL_TOKEN.sub(" ", text)
    text = _DEFINITION.sub("", text)
    text = _LINK.sub(r"\1", _PICTURE.sub(r"\1", text))
    text = _TAG.sub(" ", text)
    return _ADDRESS.sub(REMOVED, text)


def visible(text: str) -> str:
    """Return ``text`` with line breaks unified and everything invisible removed."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept, marks = [], 0
    for letter in text:
        kind = unicodedata.category(letter)
        if letter in "\n\t":
            kept.append(letter)
        elif kind in _BREAKS:
            kept.append("\n")
        elif kind in {"Mn", "Me"}:
            marks += 1
            if marks <= _MARKS and not 0xFE00 <= ord(letter) <= 0xFE0F:
                kept.append(letter)
            continue
        elif kind not in _HIDDEN:
            kept.append(letter)
        marks = 0
    return "".join(kept)
