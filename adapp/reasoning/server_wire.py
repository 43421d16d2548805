"""One HTTP exchange with a server: lines as they come, ended by silence, deadline or stop.

The standard library alone. A thread reads, so a stop is heard while the server is silent; the
thread ends at the next line or at the socket's own timeout. Redirects are refused: the key and the
pictures go to the address that was configured and nowhere else.
"""

import http.client
import ipaddress
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import IO

from adapp.core.errors import ReasonerUnavailable

_POLL_S = 0.05
_GRACE_S = 1.0  # the waiting side gives up first and says why
_LONGEST_LINE = 1 << 20
_MOST_BYTES = 8 << 20
_ERROR_BYTES = 4096


class StoppedByUserError(Exception):
    """The user stopped the exchange."""


class RefusedError(ReasonerUnavailable):
    """The server answered with an error status.

    Attributes:
        status: HTTP status; 0 if no connection came about.
        retry_after_s: How long the server asks to wait; None if it does not say.
    """

    def __init__(self, message: str, status: int, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Opened:
    """The head of a successful answer."""

    content_type: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for the next line, and until ``deadline`` on the clock."""

    silence_s: float
    deadline: float


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for the error that it is here."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        """Return nothing, which makes the redirect an ``HTTPError``."""


def exchange(
    request: urllib.request.Request, patience: Patience, stop: Callable[[], bool]
) -> Generator[Opened | bytes, None, None]:
    """Yield the head of the answer, then its lines as they arrive.

    Raises:
        RefusedError: If the server refuses, or cannot be reached.
        ReasonerUnavailable: If it falls silent, runs past the deadline or sends too much.
        StoppedByUserError: If ``stop`` turns true.
    """
    arrived: queue.SimpleQueue[Opened | bytes | ReasonerUnavailable | None] = queue.SimpleQueue()
    abandoned = threading.Event()
    reader = threading.Thread(
        target=_read,
        args=(request, patience.silence_s + _GRACE_S, arrived, abandoned),
        name="adapp-server",
        daemon=True,  # a silent server must not keep the process alive
    )
    reader.start()
    try:
        while (item := _next(arrived, patience, stop)) is not None:
            if isinstance(item, ReasonerUnavailable):
                raise item
            yield item
    finally:
        abandoned.set()


def _next(
    arrived: "queue.SimpleQueue[Opened | bytes | ReasonerUnavailable | None]",
    patience: Patience,
    stop: Callable[[], bool],
) -> Opened | bytes | ReasonerUnavailable | None:
    silent_until = time.monotonic() + patience.silence_s
    while True:
        if stop():
            raise StoppedByUserError
        now = time.monotonic()
        if now > patience.deadline:
            msg = "the server's answer took too long: ask for less, or use a faster model"
            raise ReasonerUnavailable(msg)
        if now > silent_until:
            msg = f"the server sent nothing for {patience.silence_s:g} s: check whether it is busy"
            raise ReasonerUnavailable(msg)
        try:
            return arrived.get(timeout=_POLL_S)
        except queue.Empty:
            continue


def _read(
    request: urllib.request.Request,
    timeout_s: float,
    arrived: "queue.SimpleQueue[Opened | bytes | ReasonerUnavailable | None]",
    abandoned: threading.Event,
) -> None:
    host = urllib.parse.urlsplit(request.full_url).netloc
    try:
        with _opener(request).open(request, timeout=timeout_s) as response:
            arrived.put(Opened(response.headers.get_content_type()))
            received = 0
            while not abandoned.is_set() and (line := response.readline(_LONGEST_LINE)):
                received += len(line)
                if received > _MOST_BYTES:
                    msg = f"{host} sent more than an answer can hold: check --base-url"
                    arrived.put(ReasonerUnavailable(msg))
                    return
                arrived.put(line)
    except urllib.error.HTTPError as error:
        with error:
            arrived.put(_refused(error, host))
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        msg = f"no answer from {host} ({reason}): check that the server runs and --base-url"
        arrived.put(RefusedError(msg, 0))
    finally:
        arrived.put(None)


def _opener(request: urllib.request.Request) -> urllib.request.OpenerDirector:
    """Return an opener that follows no redirect and uses no proxy to this very machine."""
    host = urllib.parse.urlsplit(request.full_url).hostname or ""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if _is_loopback(host):
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(error: urllib.error.HTTPError, host: str) -> RefusedError:
    said = " ".join(error.read(_ERROR_BYTES).decode("utf-8", "replace").split())[:200]
    advice = {
        401: "check the key in ADAPP_REASONER_KEY",
        403: "check the key in ADAPP_REASONER_KEY",
        404: "check --base-url and ADAPP_REASONER_MODEL",
        413: "the pictures are too large for this server",
        429: "too many requests; wait a little",
    }
    redirected = 300 <= error.code < 400
    default = "the address moved; use the new one" if redirected else "see the server's log"
    message = f"{host} answered {error.code}: {advice.get(error.code, default)}"
    if said and not redirected:
        message = f"{message} ({said})"
    try:
        wait = float(error.headers.get("Retry-After", ""))
    except ValueError:
        wait = None
    return RefusedError(message, error.code, wait)
