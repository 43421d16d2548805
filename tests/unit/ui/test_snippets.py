"""The address in the snippets is the visitor's own, and nothing odd gets into them."""

import ast
import json

import pytest

from adapp.ui.api_tab import address
from adapp.ui.snippets import compare_snippet, curl_snippet, mcp_snippet, python_snippet

URL = "https://parts.example:7860"


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ({"host": "127.0.0.1:7860"}, "http://127.0.0.1:7860"),
        ({"host": "x", "x-forwarded-proto": "https", "x-forwarded-host": "a.b"}, "https://a.b"),
        ({"host": '"); import os; ("'}, "http://127.0.0.1:7860"),
        ({"host": "a$(rm)"}, "http://127.0.0.1:7860"),
        ({"host": "ok", "x-forwarded-proto": "file"}, "http://127.0.0.1:7860"),
        ({}, "http://127.0.0.1:7860"),
    ],
)
def test_address_is_the_visitors_own(headers, url):
    assert address(headers) == url


def test_snippets_name_the_address_and_are_well_formed():
    for text in (python_snippet(URL, "raid"), compare_snippet(URL)):
        ast.parse(text)
        assert URL in text
    assert f"URL={URL}\n" in curl_snippet(URL, "raid", "embedded", "open")
    assert json.loads(mcp_snippet(URL))["mcpServers"]["adapp"]["url"].startswith(URL)
