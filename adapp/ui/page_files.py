"""The files of gradio's own page: named to the browser ahead, and kept in memory.

A page learns which scripts its parts need only once gradio's first scripts run, and then waits for
a hundred of them. gradio reads and compresses each anew for every visitor. Here the page's answer
names them, so that they are on their way while the first scripts run, and each is compressed once.
"""

import gzip
import json
import mimetypes
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import gradio as gr
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASSETS = Path(gr.__file__).parent / "templates" / "frontend" / "assets"

_FOREVER = "public, max-age=31536000, immutable"  # a name holds a hash of what is in the file
_WHOLE = ("Blocks-", "api-logo-", "settings-logo-")  # what holds the parts together
_NAMES = re.compile(r"m\.f=(\[[^\]]*\])")
_FIRST = re.compile(r'src="\./assets/([^"]+\.js)"')
_PART = re.compile(r"[,{](\w+):\{([^{}]*)\}")
_SCRIPT = re.compile(r"component:\(\)=>\w+\(\(\)=>import\(.*?__vite__mapDeps\(\[([\d,]*)\]\)")


class PageFiles:
    """Wraps gradio's app: adds the names to the page's answer and sends the files themselves.

    Args:
        app: gradio's app.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._names: tuple[str, ...] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for one of the files; pass on every other."""
        path = scope.get("path", "") if scope["type"] == "http" else ""
        if path == "/":
            await self._app(scope, receive, self._with_names(scope, send))
            return
        name = path.removeprefix("/assets/")
        if name == path or name not in (self._names or ()) or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        await _send_file(name, Headers(scope=scope), send)

    def _with_names(self, scope: Scope, send: Send) -> Send:
        if self._names is None:
            self._names = page_files(_parts(scope["app"].get_blocks()))
        ahead = ", ".join(map(_link, self._names))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and ahead:
                MutableHeaders(raw=message["headers"])["Link"] = ahead
            await send(message)

        return sending


def _parts(app: gr.Blocks) -> frozenset[str]:
    """Return the kinds of components that a page of ``app`` fetches: all but the absent ones."""
    return frozenset(
        str(part["type"])
        for part in app.config["components"]
        if part["props"].get("visible") is not False
    )


def page_files(parts: frozenset[str]) -> tuple[str, ...]:
    """Return the scripts and styles that a page of these parts fetches, the first ones first.

    Empty if gradio's files do not look as expected: the page works without, only later.
    """
    first = _FIRST.search((ASSETS.parent / "index.html").read_text(encoding="utf-8"))
    if first is None:
        return ()
    names = [first[1], *_named_in(first[1])]
    names += [name for name in _named_in(names[1]) if name.startswith(_WHOLE)]
    scripts = _scripts()
    for part in sorted(parts):
        names += scripts.get(part, ())
    return tuple(dict.fromkeys(name for name in names if (ASSETS / name).is_file()))


@cache
def _scripts() -> Mapping[str, tuple[str, ...]]:
    """Return the files of each kind of component, read from the script that loads them."""
    for core in sorted(ASSETS.glob("core-*.js")):
        text, names = core.read_text(encoding="utf-8"), _named_in(core.name)
        found = {
            part[1]: tuple(names[int(place)] for place in script[1].split(",") if place)
            for part in _PART.finditer(text)
            if (script := _SCRIPT.search(part[2]))
        }
        if found:
            return found
    return {}


def _named_in(script: str) -> tuple[str, ...]:
    """Return the files that a script may fetch later, by the list at its head."""
    listed = _NAMES.search((ASSETS / script).read_text(encoding="utf-8"))
    return () if listed is None else tuple(Path(name).name for name in json.loads(listed[1]))


def _link(name: str) -> str:
    kind = "modulepreload" if name.endswith(".js") else "preload; as=style"
    return f"<./assets/{name}>; rel={kind}; crossorigin"


@cache
def _content(name: str) -> tuple[bytes, bytes]:
    """Return a file as it is and compressed."""
    content = (ASSETS / name).read_bytes()
    return content, gzip.compress(content, mtime=0)


async def _send_file(name: str, asked: Headers, send: Send) -> None:
    content, small = _content(name)
    packed = "gzip" in asked.get("accept-encoding", "")
    body = small if packed else content
    headers = {
        "content-type": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "content-length": str(len(body)),
        "cache-control": _FOREVER,
        "vary": "Accept-Encoding",
        # gradio would compress once more what does not say that it is
        "content-encoding": "gzip" if packed else "identity",
    }
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": raw})
    await send({"type": "http.response.body", "body": body})
