"""What may not be written anywhere in the project, or in its code."""

import re

import pytest

from tests.architecture.tree import modules, relative, tracked_text

# Written in two parts, so that this file does not find itself.
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted",
    "registry." + "npmjs",
    "deb." + "debian",
    "crates" + ".io",
    "proxy." + "golang",
]
MACHINE_PATHS = ["/" + "work/", "/" + "root/"]
OLD_GRADIO = ["gr.Chatbot(" + "type=", "Blocks(" + "theme="]
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError|NotImplemented)\b")


@pytest.mark.parametrize("word", [*HOSTS, *MACHINE_PATHS, *OLD_GRADIO])
def test_word_occurs_nowhere(word):
    found = [name for name, text in tracked_text().items() if word in text]
    assert found == []


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_no_code_is_left_unfinished(path):
    assert UNFINISHED.findall(path.read_text(encoding="utf-8")) == []
