"""gradio's own files: all that a page needs is named ahead, and sent as it is on the disk."""

import re

import gradio as gr
import pytest
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from adapp.ui.page_files import ASSETS, PageFiles, page_files

NAME = re.compile(r"<\./assets/([^>]+)>")


@pytest.fixture(scope="module")
def browser():
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.Slider(0, 1)
        gr.ImageEditor(visible=False)
    kept = {"middleware": [Middleware(PageFiles)]}
    app, _, _ = blocks.launch(prevent_thread_lock=True, quiet=True, app_kwargs=kept)
    yield TestClient(app, base_url="http://127.0.0.1")
    blocks.close()


def test_every_part_of_a_page_names_scripts_that_exist():
    first = page_files(frozenset())
    assert first[0].startswith("index-")
    assert any(name.startswith("Blocks-") for name in first)
    for part in ("html", "gallery", "slider", "tabitem", "accordion", "imageeditor"):
        more = set(page_files(frozenset({part}))) - set(first)
        assert any(name.endswith(".js") for name in more), part
        assert all((ASSETS / name).is_file() for name in more)


def test_page_names_the_files_of_what_is_there(browser):
    named = set(NAME.findall(browser.get("/").headers["link"]))
    assert named == set(page_files(frozenset({"form", "slider"})))  # gradio adds the form
    assert set(page_files(frozenset({"imageeditor"}))) - named


@pytest.mark.parametrize("accepted", ["identity", "gzip", "gzip, br"])
def test_files_arrive_as_they_are_and_may_be_kept(browser, accepted):
    browser.get("/")
    for name in page_files(frozenset({"slider"})):
        answer = browser.get(f"/assets/{name}", headers={"Accept-Encoding": accepted})
        assert answer.content == (ASSETS / name).read_bytes()
        assert answer.headers["content-encoding"] == ("gzip" if "gzip" in accepted else "identity")
        assert "immutable" in answer.headers["cache-control"]
        kind = "text/css" if name.endswith(".css") else "javascript"
        assert kind in answer.headers["content-type"]


def test_other_files_are_left_to_gradio(browser):
    browser.get("/")
    assert browser.get("/assets/../index.html").status_code in {403, 404}
    assert browser.get("/assets/nothing.js").status_code == 404
    other = next(path.name for path in ASSETS.glob("*.js") if path.name.startswith("Index-C"))
    assert browser.get(f"/assets/{other}").status_code == 200
