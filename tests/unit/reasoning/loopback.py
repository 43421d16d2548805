"""An OpenAI-style server on this machine that answers from a script."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EVENTS = "text/event-stream"


class Hang:
    """In a script: stay silent until the server is shut down."""


def delta(text, **more):
    """Return the event that brings a piece of the answer."""
    event = {"model": "served-model", "choices": [{"delta": {"content": text}}], **more}
    return f"data: {json.dumps(event)}\n\n".encode()


def ending(finish="stop", prompt=321, answer=7):
    """Return the events that end an answer."""
    last = {"choices": [{"delta": {}, "finish_reason": finish}]}
    usage = {"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": answer}}
    return "".join(
        f"data: {event}\n\n" for event in (json.dumps(last), json.dumps(usage), "[DONE]")
    ).encode()


def spoken(*pieces, finish="stop"):
    """Return a whole streamed answer for a script."""
    return (200, {"Content-Type": EVENTS}, [*map(delta, pieces), ending(finish)])


def refused(status, body=b"", **headers):
    """Return an error answer for a script."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return (status, {"Content-Type": "text/plain", **names}, [body])


class Scripted(ThreadingHTTPServer):
    """Serves ``script`` entry by entry (the last one again and again); keeps what was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script, models=("served-model",)):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = list(script)
        self.models = models
        self.asked = []
        self.headers_seen = []
        self.broken_pipes = threading.Event()
        self.released = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def next_entry(self):
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"data": [{"id": model} for model in self.server.models]}).encode()
        self.server.headers_seen.append(dict(self.headers))
        self._answer(200, {"Content-Type": "application/json"}, [body])

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.asked.append(json.loads(self.rfile.read(length)))
        self.server.headers_seen.append(dict(self.headers))
        self._answer(*self.server.next_entry())

    def _answer(self, status, headers, chunks):
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for chunk in chunks:
                if isinstance(chunk, Hang):
                    self.wfile.flush()
                    self.server.released.wait()
                    return
                self.wfile.write(chunk)
                self.wfile.flush()
        except OSError:
            self.server.broken_pipes.set()

    def log_message(self, *_):
        pass


@contextmanager
def serving(*script, made=Scripted, **options):
    """Yield a running server with this script."""
    server = made(script, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
