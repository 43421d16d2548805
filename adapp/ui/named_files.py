"""Files that a caller of an endpoint names as text: for agents, whose tools can only send text.

A text is the file itself (``data:image/png;base64,...``) or the address of a file that the caller
uploaded to this app. Nothing is fetched from elsewhere and no other file is opened.
"""

import base64
import binascii
import mimetypes
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import gradio as gr
from gradio.data_classes import FileData, ListFiles
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder
from pydantic import model_validator

from adapp.core.errors import BadImage
from adapp.ui.errors import told

MOST_BYTES: Final = 20 * 1024 * 1024
"""Largest file that a text may hold; as large as an upload."""

_UPLOADED = "/gradio_api/file="
_HOW = "data:image/png;base64,... or the address of a file uploaded to this app"
_SCHEMA = {"type": "array", "items": {"type": "string", "description": f"A file: {_HOW}."}}


def take_texts(files: gr.File) -> gr.File:
    """Return ``files``, which takes texts beside uploads from now on and says so to callers.

    Args:
        files: An input of an endpoint, of several files; its label names those without a name.
    """

    class NamedFiles(ListFiles):
        """Files of which each is an upload or a text."""

        @model_validator(mode="before")
        @classmethod
        def _read_texts(cls, value: object) -> object:
            if not isinstance(value, list):
                return value
            return [
                _upload(files, item, number) if isinstance(item, str) else item
                for number, item in enumerate(value, start=1)
            ]

        @classmethod
        def __get_pydantic_json_schema__(cls, *_: object) -> dict[str, Any]:
            return dict(_SCHEMA)

    def preprocess(payload: ListFiles | FileData | None) -> Any:  # noqa: ANN401 - gradio's own
        for file in payload if isinstance(payload, ListFiles) else ():
            if not file.path:
                raise BadImage(str(file.orig_name))
        return plain(payload)

    plain = files.preprocess
    files.preprocess = told(preprocess)  # type: ignore[method-assign]  # a subclass writes .pyi files
    files.data_model = NamedFiles
    return files


def _upload(files: gr.File, text: str, number: int) -> dict[str, Any]:
    """Return the file behind ``text`` as gradio describes an upload.

    Without a file, the path is empty and the name says why: a validator's errors reach nobody.
    """
    name = f"{files.label}_{number}"
    try:
        path = _written(files, name, text) if text.startswith("data:") else _uploaded(name, text)
    except BadImage as refusal:
        return {"path": "", "orig_name": str(refusal), "meta": {"_type": "gradio.FileData"}}
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def _written(files: gr.File, name: str, text: str) -> str:
    """Write the file that ``text`` holds to the component's cache, which the app empties.

    Raises:
        BadImage: If it holds none, or one that is too large.
    """
    head, _, data = text.partition(",")
    if len(data) > MOST_BYTES * 4 // 3 + 4:
        msg = f"{name} is larger than 20 MB; send a smaller picture."
        raise BadImage(msg)
    try:
        content = base64.b64decode(data, validate=True) if head.endswith(";base64") else b""
    except binascii.Error:
        content = b""
    if not content:
        msg = f"{name} holds no base64; send {_HOW}."
        raise BadImage(msg)
    ending = mimetypes.guess_extension(head.removeprefix("data:").split(";")[0])
    path: str = save_bytes_to_cache(content, f"{name}{ending or '.unknown'}", files.GRADIO_CACHE)
    files.temp_files.add(path)
    return path


def _uploaded(name: str, text: str) -> str:
    """Return the path of the upload that ``text`` names.

    Raises:
        BadImage: If it names none.
    """
    _, found, named = unquote(urlsplit(text).path).partition(_UPLOADED)
    path, folder = Path(named).resolve(), Path(get_upload_folder()).resolve()
    if not found or not path.is_relative_to(folder) or not path.is_file():
        msg = f"{name} ({text[:80]}) is no file of this app; send {_HOW}."
        raise BadImage(msg)
    return str(path)
