"""What may not be written anywhere in the project, or in its code."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import modules, relative, tracked_text

# Written in two parts, so that this file does not find itself.
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted",
    "registry." + "npmjs",
    "download." + "pytorch",
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


def test_no_code_is_left_unfinished():
    found = {
        relative(path): UNFINISHED.findall(path.read_text(encoding="utf-8")) for path in modules()
    }
    assert {name: words for name, words in found.items() if words} == {}


def test_every_page_that_the_code_names_is_in_the_project():
    texts = tracked_text()
    pages = {Path(name).name for name in texts if name.endswith(".md")}
    cited = {
        f"{name}: {page}"
        for name, text in texts.items()
        if name.startswith("adapp/") and name.endswith(".py")
        for page in re.findall(r"\b[\w-]+\.md\b", text)
        if page not in pages
    }
    assert cited == set()
