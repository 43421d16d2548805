"""Files named as text: what callers are told, and where a text becomes a file."""

import base64
from pathlib import Path

import gradio as gr
import pytest

from adapp.ui import named_files
from adapp.ui.named_files import take_texts


@pytest.fixture
def files(tmp_path):
    made = gr.File(label="query", file_count="multiple", file_types=[".png"])
    made.GRADIO_CACHE = str(tmp_path)
    return take_texts(made)


def given(files, *texts):
    """Return what the endpoint's function gets for ``texts``."""
    return files.preprocess(files.data_model.model_validate(list(texts)))


def text(content, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def test_schema_asks_for_texts_and_refers_to_nothing(files):
    assert files.api_info()["items"]["type"] == "string"
    assert "$ref" not in str(files.api_info())


def test_text_becomes_a_file_that_the_app_deletes_later(files, tmp_path):
    first, second = given(files, text(b"one"), text(b"two"))
    assert [Path(path).name for path in (first, second)] == ["query_1.png", "query_2.png"]
    assert Path(second).read_bytes() == b"two"
    assert Path(first).is_relative_to(tmp_path)
    assert files.temp_files == {str(first), str(second)}


def test_uploads_pass_as_before(files, tmp_path):
    upload = {"path": str(tmp_path / "part.png"), "meta": {"_type": "gradio.FileData"}}
    assert given(files, upload) == [str(tmp_path / "part.png")]
    assert files.preprocess(None) is None


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("data:image/png;base64,@@", "query_1 holds no base64"),
        ("data:image/png;base64,", "query_1 holds no base64"),
        ("part.png", r"query_1 \(part.png\) is no file of this app"),
        ("http://elsewhere/gradio_api/file=/etc/hostname", "is no file of this app"),
    ],
)
def test_other_texts_are_refused_with_what_to_send(files, named, told):
    with pytest.raises(gr.Error, match=told):
        given(files, named)


def test_file_above_the_limit_of_uploads_is_refused(files, monkeypatch):
    monkeypatch.setattr(named_files, "MOST_BYTES", 30)
    with pytest.raises(gr.Error, match="larger than 20 MB"):
        given(files, text(b"x" * 40))
