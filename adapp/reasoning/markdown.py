"""Markdown that a browser can show without reaching out: no links, pictures, HTML or addresses."""

import re

from adapp.reasoning.untrusted import LINK_MARK, visible

_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.\-]{0,19}:/{1,3}[^\s<>]*"
    r"|\bwww\.(?=\S)[^\s<>]*"
    r"|\b(?:javascript|vbscript|data|file|mailto|xmpp|blob|tel):(?=\S)[^\s<>]*"
    r"|(?<![\w/:])//[\w\-]+(?:\.[\w\-]+)+[^\s<>]*"
    r"|\b[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+",
    re.IGNORECASE,
)
_REMOVED = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (
        re.compile(
            r"<(script|style|template|iframe|object|svg|math)\b.*?</\1\s*>",
            re.IGNORECASE | re.DOTALL,
        ),
        "",
    ),
    (re.compile(r"!\[([^\[\]\n]*)\](?:\s?\([^()\n]*\)?|\s?\[[^\[\]\n]*\])?"), r"\1"),
    (re.compile(r"\[([^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)?"), r"\1"),
    (re.compile(r"</?[a-zA-Z!?][^<>]*>"), ""),
    (_ADDRESS, LINK_MARK),
    (re.compile(r"\\(?=(?:href|url|includegraphics|html\w*|input|include)\b)"), ""),
)
"""What is taken out and flagged: comments, active content, pictures, links, tags, addresses."""
_BROKEN = (
    (re.compile(r"<(?=[a-zA-Z/!?])"), "‹"),
    (re.compile(r"\](?=\()"), "] "),
    (re.compile(r"!(?=\[)"), ""),
    (re.compile(r"^([ >*+\-\d.]{0,12}\[[^\[\]\n]+\]):", re.MULTILINE), r"\1 :"),
    (re.compile(r"\n{3,}"), "\n\n"),
)
"""What is made inert in place: unfinished tags, links, pictures and link definitions."""
_ROUNDS = 20


def sanitise(text: str) -> tuple[str, bool]:
    """Return ``text`` as harmless Markdown, and whether anything was taken out of it.

    Emphasis, lists, headings, tables and bracketed page ids stay. Repeated until nothing changes,
    since taking one construct out may join the halves of another; doing it again changes nothing.
    """
    current = _THOUGHT.sub("", visible(text)).strip()
    removed = False
    for _ in range(_ROUNDS):
        taken = _replaced(current, _REMOVED)
        removed |= taken != current
        following = _replaced(taken, _BROKEN).strip()
        if following == current:
            return current, removed
        current = following
    return re.sub(r"[<>\[\]()&\\:/@!.]", " ", current), True  # built to resist: its words only


def _replaced(text: str, rules: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text
