"""Pages to look at: found and drawn without any encoder."""

import subprocess
import sys

import numpy as np
import pytest

from adapp.core.errors import BadPage
from adapp.core.settings import Settings
from adapp.knowledge import store
from adapp.services import page_shelf
from adapp.services.knowledge_pages import bundled_entries
from adapp.services.page_locks import page_locks
from adapp.services.page_shelf import PageShelf, index_folder
from tests.pages import encoder, page


@pytest.fixture(autouse=True)
def _forgotten():
    """Let no test see what another one read."""
    page_shelf.shelf.cache_clear()
    yield
    page_shelf.shelf.cache_clear()


def test_page_of_the_project_is_found_and_drawn_once(tmp_path):
    shelf = PageShelf(bundled_entries()[:3], settings=Settings(cache_dir=tmp_path))
    first = shelf.pages[0]
    assert shelf.page(first.id) is first
    assert shelf.page("own/x") is None
    drawn = shelf.picture(first)
    assert drawn.shape == (1448, 1024, 3)
    assert len(list((tmp_path / "knowledge").iterdir())) == 1
    assert np.array_equal(shelf.picture(first), drawn)


def test_own_pages_are_found_only_by_their_session():
    shelf = PageShelf(bundled_entries()[:1])
    own = page("own/x", origin="session")
    assert shelf.page("own/x", (own,)) is own
    assert shelf.page("own/x") is None


def test_operators_pages_stand_beside_the_projects(tmp_path):
    settings = Settings(knowledge_dir=tmp_path)
    added = (page("own/plates", "Plates", "index", kind="user"),)
    store.save(index_folder("tiny", settings), added, page_locks(added, encoder()), "any")
    found = page_shelf.shelf("tiny", settings)
    assert len(found.pages) == len(bundled_entries()) + 1
    assert found.page("own/plates").origin == "index"
    assert page_shelf.shelf("paper", settings).page("own/plates") is None


def test_damaged_index_is_told(tmp_path):
    settings = Settings(knowledge_dir=tmp_path)
    index_folder("tiny", settings).mkdir(parents=True)
    with pytest.raises(BadPage, match="damaged"):
        page_shelf.shelf("tiny", settings)


def test_shelf_loads_no_model_library():
    code = (
        "import sys; from adapp.services.page_shelf import shelf; shelf('tiny').pages; "
        "print(sorted({'torch', 'faiss', 'sklearn', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Ball screw: scratch. likely causes", {"ball screw"}),
        ("two BOTTLES and a screw", {"bottle", "screw"}),
        ("what is this part? surface, assembly", set()),
        ("screwdriver", set()),
        ("", set()),
    ],
)
def test_parts_that_pages_tell_of_are_found_in_words(text, parts):
    assert PageShelf(bundled_entries()).parts_in(text) == parts


def test_without_pages_no_word_names_a_part():
    assert PageShelf(()).parts_in("bottle") == frozenset()
