"""Refuses every connection that would leave the machine and writes each attempt down.

Installed in the test process by ``tests/conftest.py`` and in every Python process that a test
starts by ``sitecustomize.py`` beside this file, so an app under test is watched too.
"""

import os
import socket
from pathlib import Path

LOG_VARIABLE = "ADAPP_TEST_NETWORK_LOG"
_LOCAL_NAMES = {"", "localhost", "0.0.0.0", "::", "::1", socket.gethostname()}  # noqa: S104 - compared, never bound


class NetworkBlockedError(OSError):
    """A test, or the code under test, tried to reach another machine."""


def is_local(host: object) -> bool:
    """Return whether ``host`` names this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is None:
        return True
    text = str(name)
    return text in _LOCAL_NAMES or text.startswith(("127.", "::ffff:127."))


def refuse(target: object) -> None:
    """Log the attempt to reach ``target`` and raise."""
    with Path(os.environ[LOG_VARIABLE]).open("a") as log:
        log.write(f"{target}\n")
    message = f"tests stay on this machine; tried to reach {target!r}"
    raise NetworkBlockedError(message)


def install() -> None:
    """Replace the socket module's ways out by guarded ones, for the rest of the process."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    resolve = socket.getaddrinfo

    def check(sock, address):
        if sock.family in {socket.AF_INET, socket.AF_INET6} and not is_local(address[0]):
            refuse(address)

    def guarded_connect(self, address):
        check(self, address)
        return connect(self, address)

    def guarded_connect_ex(self, address):
        check(self, address)
        return connect_ex(self, address)

    def guarded_resolve(host, *args, **kwargs):
        if not is_local(host):
            refuse(host)
        return resolve(host, *args, **kwargs)

    socket.socket.connect = guarded_connect
    socket.socket.connect_ex = guarded_connect_ex
    socket.getaddrinfo = guarded_resolve
