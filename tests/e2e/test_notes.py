"""What a test tells the running app arrives whole, however the two happen to meet."""

import threading

from tests.e2e.conftest import Server
from tests.e2e.notes import noted, read
from tests.e2e.server import Watched

ROUNDS = 500


def test_nothing_is_noted_before_and_after_the_block(tmp_path):
    with noted(tmp_path / "gate", "3"):
        assert read(tmp_path / "gate") == "3"
    assert read(tmp_path / "gate") is None
    assert list(tmp_path.iterdir()) == []


def test_gate_holds_and_opens_while_it_is_looked_at(tmp_path):
    server, watched = Server("", tmp_path), Watched(tmp_path)
    (tmp_path / "predictions").write_text("one\n")
    failures, opened, looked = [], threading.Event(), threading.Event()

    def look():
        try:
            while not opened.is_set():
                watched._open()
                looked.set()
        except (OSError, ValueError) as failure:
            failures.append(failure)

    looking = [threading.Thread(target=look) for _ in range(3)]
    for thread in looking:
        thread.start()
    looked.wait()
    for _ in range(ROUNDS):
        with server.gate(-1):
            assert not watched._open()
    opened.set()
    for thread in looking:
        thread.join()
    assert failures == []
    assert watched._open()
