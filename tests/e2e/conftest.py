"""One app and one browser for all end-to-end tests; nothing leaves the machine."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.notes import noted
from tests.e2e.visitor import RUN_MS, Visitor

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "test-artifacts"
START_SECONDS = 600  # a machine that trains and tests beside it takes more than five minutes
WIDE = {"width": 1440, "height": 1000}
PATIENCE_MS = 60_000  # for a machine that is busy; a check that holds returns at once
TEST_SECONDS = 900  # longer than any wait within a test, the start of the app among them
LOG_CHARACTERS = 4000
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-fake-device-for-media-stream",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other machine is found
]


def pytest_collection_modifyitems(items):
    """Mark everything in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Show the end of the app's log with a test that failed: a page shows only a bug's id."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and server is not None:
        report.sections.append(("End of the app's log", server.log()[-LOG_CHARACTERS:]))
    return report


class Server:
    """A running app and, for the fake one, what its detector was asked to do."""

    def __init__(self, url, folder):
        self.url = url
        self._folder = folder

    def predictions(self):
        """Return how many pictures the detector has been given so far."""
        return len((self._folder / "predictions").read_text().splitlines())

    def reached(self, count):
        """Wait until the detector has been given so many pictures; return whether it was."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while self.predictions() < count and time.monotonic() < end:
            time.sleep(0.02)
        return self.predictions() >= count

    def log(self):
        """Return what the app has written to its log so far."""
        return (self._folder / "log").read_text()

    def told(self, name, text=""):
        """Tell the app something through the file ``name`` until the block ends."""
        return noted(self._folder / name, text)

    def gate(self, more):
        """Let only ``more`` further predictions finish until the block ends."""
        return self.told("gate", str(self.predictions() + more))

    def broken(self):
        """Make predictions fail with something that is no AdappError."""
        return self.told("break")


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(command, url, folder):
    """Run ``command`` until the block ends; enter when ``url`` answers."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "GRADIO_TEMP_DIR": str(folder / "cache"),
        "OMP_NUM_THREADS": "2",
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            _wait_for(url, process, folder / "log")
            yield
        finally:
            process.terminate()
            process.wait(120)


def _wait_for(url, process, log):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the app ended: {log.read_text()}"
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - the url is this machine's
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    pytest.fail(f"the app did not answer within {START_SECONDS} s: {log.read_text()}")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The app over the fake detector."""
    folder = tmp_path_factory.mktemp("app")
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with serving(["-m", "tests.e2e.server", str(port), str(folder)], url, folder):
        yield Server(url, folder)


@contextmanager
def chromium(*more):
    """Yield a browser that finds no other machine and has a camera that films a test picture."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    assert path, "no Chromium found; install it: apt-get install chromium"
    ARTIFACTS.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *more])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_context(browser):
    """Pages of one browser profile: each page is a visitor, the app's files are loaded once."""
    context = browser.new_context()
    yield context
    context.close()


@contextmanager
def visiting(context):
    """Yield a function that opens the app as another visitor; no page may leave the machine."""
    pages = []
    attempts = []
    failures = []

    def watch(request):
        if urlparse(request.url).hostname not in {"127.0.0.1", None}:
            attempts.append(request.url)

    def visit(url, *, viewport=WIDE, scheme="light"):
        page = context.new_page()
        page.set_default_timeout(RUN_MS)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        page.on("request", watch)
        page.on("pageerror", lambda error: failures.append(str(error)))
        pages.append(page)
        return Visitor(page, url, ARTIFACTS)

    try:
        yield visit
    finally:
        for page in pages:
            page.close()
    assert attempts == []
    assert failures == []


@pytest.fixture
def visitors(shared_context):
    """Return a function that opens the app as another visitor."""
    with visiting(shared_context) as visit:
        yield visit


@pytest.fixture
def strangers(browser):
    """Return two such functions, each in a browser profile of its own."""
    contexts = [browser.new_context() for _ in range(2)]
    with visiting(contexts[0]) as first, visiting(contexts[1]) as second:
        yield first, second
    for context in contexts:
        context.close()


@pytest.fixture
def visitor(visitors, server):
    """A visitor at a desktop screen."""
    return visitors(server.url)
