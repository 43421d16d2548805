"""Text that others wrote, made harmless before a model or a report quotes it.

Three ways lead in: knowledge pages of users, file names and part names, and the conversation.
None of them can open a role of the chat, a special token, a link, a picture or a tag; pages are
fenced in by a mark that is drawn anew for each prompt, with a bar before each line.
"""

import re
import unicodedata
from typing import Final

_KEPT_CONTROLS = frozenset("\n\t")
_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_HIDDEN_BLOCK = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|template|iframe|object|svg)\b.*?(?:</\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]{0,400}>")
_CHAT_MARK = re.compile(r"<[|｜]|[|｜]>|\[/?(?:INST|SYS)\]|<<|>>", re.IGNORECASE)
_CHAT_MARKS: Final = {"<|": "‹", "<｜": "‹", "|>": "›", "｜>": "›", "<<": "«", ">>": "»"}
_LABELLED = re.compile(r"!?\[([^\[\]\n]*)\]\s?\((?:[^()\n]|\([^()\n]*\))*\)?")
_URL = re.compile(
    r"\b[a-z][a-z0-9+.\-]{1,19}:/{1,3}[^\s<>\])]*|\bwww\.[^\s<>\])]+"
    r"|\b(?:javascript|vbscript|data|file|mailto|xmpp|blob|tel):[^\s<>\])]+",
    re.IGNORECASE,
)
_NAME_PUNCTUATION = re.compile(r"[^\w .,()/+\-]")
LINK_MARK: Final = "(link removed)"


def visible(text: str) -> str:
    """Return ``text`` in NFC without control, invisible, direction and private characters."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(
        character
        for character in composed
        if character in _KEPT_CONTROLS or unicodedata.category(character) not in _DROPPED_CATEGORIES
    )
    return _VARIATION.sub("", kept)


def without_marks(text: str) -> str:
    """Return ``text`` in which nothing can be read as a special token or a role of a chat."""
    return _CHAT_MARK.sub(lambda found: _CHAT_MARKS.get(found[0], "(mark removed)"), text)


def without_links(text: str) -> str:
    """Return ``text`` with links and pictures replaced by their labels, addresses by a mark."""
    return _URL.sub(LINK_MARK, _LABELLED.sub(r"\1", text)).replace("![", "[")


def plain(text: str, limit: int) -> str:
    """Return ``text`` as harmless plain words, at most ``limit`` characters."""
    cleaned = visible(text[: 8 * limit])
    while (shorter := _TAG.sub("", _HIDDEN_BLOCK.sub("", cleaned))) != cleaned:
        cleaned = shorter  # taking one tag out may join two halves of another
    cleaned = without_marks(without_links(cleaned)).replace("`", "'")
    lines = [" ".join(line.split()) for line in cleaned.splitlines()]
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return joined if len(joined) <= limit else joined[: limit - 1].rstrip() + "…"


def name(text: str, limit: int = 60) -> str:
    """Return a part name or file name as one short line of letters, digits and plain marks."""
    return " ".join(_NAME_PUNCTUATION.sub(" ", plain(text, 4 * limit)).split())[:limit].strip()


def fenced(text: str, label: str, fence: str, limit: int) -> str:
    """Return ``text`` as a quotation that cannot end itself.

    Args:
        text: What someone else wrote.
        label: What it is, in the project's own words.
        fence: Random mark of this prompt; it is taken out of the text should it occur there.
        limit: Longest length in characters.
    """
    body = plain(text.replace(fence, ""), limit)
    quoted = "\n".join(f"| {line}" for line in body.splitlines())
    return f"<<quote {fence}: {label}>>\n{quoted}\n<<end {fence}>>"
