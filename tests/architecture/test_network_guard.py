"""The guard that keeps tests on this machine does refuse, here and in child processes."""

import socket
import subprocess
import sys

import guard
import pytest

OUTSIDE = "192.0.2.1"  # TEST-NET-1: never routed


def test_connection_to_another_machine_is_refused_and_logged(network_attempts):
    with socket.socket() as sock, pytest.raises(guard.NetworkBlockedError):
        sock.connect((OUTSIDE, 80))
    with pytest.raises(guard.NetworkBlockedError):
        socket.getaddrinfo("host.invalid", 443)
    assert OUTSIDE in network_attempts.read_text()
    network_attempts.write_text("")


def test_child_process_is_guarded_too(network_attempts):
    code = f"import socket; socket.create_connection(('{OUTSIDE}', 80), 1)"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "NetworkBlockedError" in child.stderr
    assert OUTSIDE in network_attempts.read_text()
    network_attempts.write_text("")


def test_loopback_stays_open():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1]), 5) as client,
    ):
        assert client.getpeername()[0] == "127.0.0.1"
