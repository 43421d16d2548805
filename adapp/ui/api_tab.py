"""The API tab: programs that call this app, filled in with its own address."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import gradio as gr

from adapp.methods.registry import METHODS
from adapp.ui import snippets, texts
from adapp.ui.app_services import AppServices
from adapp.ui.errors import told
from adapp.ui.queues import AT_ONCE


def build_api_tab(services: AppServices, tab: gr.Tab) -> None:
    """Build the content of ``tab`` inside the current ``Blocks``."""
    with gr.Column(elem_id="api"):
        gr.Markdown(texts.API_INTRO)
        python = _code("Python", "python", "api-python")
        compare = _code("Python, several methods", "python", "api-compare")
        curl = _code("cURL", "shell", "api-curl")
        gr.Markdown(texts.MCP_ON if texts.mcp_asked() else texts.MCP_OFF)
        mcp = _code("MCP client", "json", "api-mcp")

    def fill(browser: gr.Request) -> list[gr.Code]:
        url = address(dict(browser.headers))
        method = next(iter(METHODS))
        programs = (
            snippets.python_snippet(url, method),
            snippets.compare_snippet(url),
            snippets.curl_snippet(url, method, services.preset, services.checkpoint),
            snippets.mcp_snippet(url),
        )
        return [gr.Code(program, visible=True) for program in programs]

    tab.select(told(fill), None, [python, compare, curl, mcp], **AT_ONCE)


def address(headers: Mapping[str, str]) -> str:
    """Return the address under which a browser sees the app; this machine's if it is odd."""
    scheme = headers.get("x-forwarded-proto", "http").split(",")[0].strip()
    host = headers.get("x-forwarded-host", headers.get("host", "")).split(",")[0].strip()
    parts = urlsplit(f"{scheme}://{host}")
    plain = all(mark.isalnum() or mark in ".-:[]" for mark in host)
    if scheme not in {"http", "https"} or not parts.hostname or not plain:
        return "http://127.0.0.1:7860"
    return f"{scheme}://{host}"


def _code(label: str, language: str, name: str) -> gr.Code:
    """Return a box that the tab shows: until then, no browser loads the script behind it."""
    return gr.Code(
        "",
        label=label,
        language=language,  # type: ignore[arg-type]  # one of gradio's own names
        interactive=False,
        visible=False,
        elem_id=name,
        show_line_numbers=False,
        wrap_lines=True,
    )
