"""The app: one page, its queue, and launch settings that keep it on this machine."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from adapp import __version__
from adapp.core.errors import UsageError
from adapp.core.settings import Settings
from adapp.ui import page_view, texts
from adapp.ui.about_tab import build_about_tab
from adapp.ui.api_tab import build_api_tab
from adapp.ui.app_services import AppServices, app_services
from adapp.ui.batch_tab import build_batch_tab
from adapp.ui.compare_tab import build_compare_tab
from adapp.ui.endpoints import build_endpoints
from adapp.ui.errors import told
from adapp.ui.inspect_parts import Results
from adapp.ui.inspect_tab import build_inspect_tab
from adapp.ui.knowledge_tab import build_knowledge_tab
from adapp.ui.labels import TRANSLATIONS, label
from adapp.ui.methods_tab import build_methods_tab
from adapp.ui.page_files import PageFiles
from adapp.ui.queues import AT_ONCE
from adapp.ui.state import Held
from adapp.ui.theme import STYLE_SHEETS, theme
from adapp.ui.viewer import script
from adapp.ui.why_panel import build_why_panel

MOST_WAITING = 64
"""Runs that may wait; a visitor beyond that is told that the queue is full."""

MOST_SESSIONS = 200
CACHE_SECONDS = (900, 3600)
"""How often the cache of uploaded and exported files is swept, and what age is swept away."""

_POLL_SECONDS = 1.0
_OPEN_LINK = """
() => {
  const key = new URLSearchParams(window.location.search).get('example');
  if (key) document.querySelector(`#examples [data-key="${CSS.escape(key)}"]`)?.click();
}
"""
"""A link to an example (``?example=KEY``) runs it; nothing else of an address is read."""


def build_app(services: AppServices) -> gr.Blocks:
    """Return the app with its queue; launch it with ``launch_settings``."""
    app = gr.Blocks(
        title=texts.TITLE, analytics_enabled=False, fill_width=True, delete_cache=CACHE_SECONDS
    )
    with app:
        header, timer = _build_header(services)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(label("inspect"), id="inspect"):
                inspecting = build_inspect_tab(services)
                why = build_why_panel(services, inspecting.layout)
            with gr.Tab(label("compare"), id="compare") as tab:
                build_compare_tab(services, inspecting, tab)
            with gr.Tab(label("batch"), id="batch") as tab:
                build_batch_tab(services, inspecting, tab)
            with gr.Tab(label("knowledge"), id="knowledge-tab") as tab:
                build_knowledge_tab(services, why.layout, tab)
            with gr.Tab(label("methods"), id="methods") as tab:
                build_methods_tab(services, tab)
            with gr.Tab(label("api"), id="api-tab") as tab:
                build_api_tab(services, tab)
            with gr.Tab(label("about"), id="about-tab"):
                build_about_tab()
        build_endpoints(services)
        _wire_header(services, header, timer, inspecting.layout.results)
        app.load(None, None, None, js=script("turns.js"))
        app.load(None, None, None, js=script("access.js"))
        app.load(None, None, None, js=script("webcam.js"))
        app.load(None, None, None, js=_OPEN_LINK)
        app.unload(told(inspecting.runs.on_leave))
        app.unload(told(why.handlers.on_leave))
    app.queue(max_size=MOST_WAITING, default_concurrency_limit=4)
    _tell_when_known(services, app, header, timer, inspecting.layout.results.empty)
    return app


def _build_header(services: AppServices) -> tuple[gr.HTML, gr.Timer]:
    """Build the header, and the clock by which it follows the model until that is ready."""
    return (
        gr.HTML(_status(services), elem_id="masthead", apply_default_css=False),
        gr.Timer(_POLL_SECONDS, active=_loading(services)),
    )


def _wire_header(services: AppServices, header: gr.HTML, timer: gr.Timer, results: Results) -> None:
    """Let a page that was opened early tell when the model is ready, and show a result then."""

    def poll(held: Held | None) -> dict[gr.blocks.Block, Any]:
        loading = _loading(services)
        known: dict[gr.blocks.Block, Any] = {header: _status(services)}
        if not loading:
            known[timer] = gr.Timer(active=False)
        if not loading and held is None:
            known[results.empty] = page_view.empty_html(services.prepared.welcome)
        return known

    timer.tick(poll, results.held, [header, timer, results.empty], **AT_ONCE)


def _tell_when_known(
    services: AppServices, app: gr.Blocks, header: gr.HTML, timer: gr.Timer, empty: gr.HTML
) -> None:
    """Have pages that are opened later hold what is known of the model then, and a result."""

    def publish() -> None:
        tell_later_pages(
            app,
            {
                header: {"value": _status(services)},
                timer: {"active": False},
                empty: {"value": page_view.empty_html(services.prepared.welcome)},
            },
        )

    services.warm_up.when_known(publish)


def tell_later_pages(
    app: gr.Blocks, properties: Mapping[gr.blocks.Block, Mapping[str, Any]]
) -> None:
    """Change what a page holds when it is opened; those that are open keep what they have."""
    entries = {entry["id"]: entry["props"] for entry in app.config["components"]}
    for block, changed in properties.items():
        for name, value in changed.items():
            setattr(block, name, value)
        entries[block._id].update(changed)  # noqa: SLF001 - gradio has no public name for it


def _status(services: AppServices) -> str:
    return page_view.header_html(
        services.preset, services.preset_reason, __version__, services.warm_up.readiness
    )


def _loading(services: AppServices) -> bool:
    return services.warm_up.readiness.state == "loading"


def launch_settings() -> dict[str, Any]:
    """Return the arguments of ``launch`` that keep the app safe: see each line."""
    settings = Settings()
    private = [settings.weights_dir, settings.checkpoints_dir, settings.cache_dir]
    return {
        "theme": theme(),
        "css_paths": STYLE_SHEETS,
        "max_file_size": "20mb",
        "allowed_paths": [],
        "blocked_paths": [str(path) for path in private if path is not None],
        "show_error": False,  # expected failures are gr.Error; anything else shows no internals
        "enable_monitoring": False,
        "run_history": False,  # nothing of a run stays in the visitor's browser
        "strict_cors": True,
        "share": False,
        "footer_links": ["api", "settings"],
        "state_session_capacity": MOST_SESSIONS,
        "server_name": _host(),
        "auth": _sign_in(),
        "mcp_server": _as_tools(),
        "i18n": TRANSLATIONS,
        "app_kwargs": {"middleware": [Middleware(PageFiles)]},
    }


def _sign_in() -> tuple[str, str] | None:
    """Return the name and password of ``ADAPP_AUTH`` ("name:password"), for shared servers."""
    name, colon, password = os.environ.get("ADAPP_AUTH", "").partition(":")
    return (name, password) if colon else None


def _host() -> str:
    """Return the address to listen on: this machine alone, unless a container says otherwise."""
    everywhere = "0.0.0.0"  # noqa: S104 - on a Space, where nothing else reaches it
    return os.environ.get("ADAPP_HOST") or (
        everywhere if os.environ.get("SPACE_ID") else "127.0.0.1"
    )


def _as_tools() -> bool:
    """Return whether the public endpoints are MCP tools too.

    Raises:
        UsageError: If they should be, but the package for it is not installed.
    """
    if texts.mcp_asked() and find_spec("mcp") is None:
        msg = 'ADAPP_MCP needs one more package: pip install "gradio[mcp]", or unset ADAPP_MCP.'
        raise UsageError(msg)
    return texts.mcp_asked()


def launch(host: str | None = None, port: int | None = None, preset: str | None = None) -> None:
    """Serve the app until it is interrupted.

    Args:
        host: Address to listen on; None means this machine alone, or everywhere on a Space.
        port: Port; None takes the first free one from 7860.
        preset: Preset to start with; None takes ``ADAPP_PRESET``.

    Raises:
        UsageError: If the preset does not exist.
    """
    services = app_services(preset)
    services.warm_up.start()
    settings = launch_settings()
    if host is not None:
        settings["server_name"] = host
    build_app(services).launch(server_port=port, **settings)
