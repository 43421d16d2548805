"""Ground rules of every test: no network, fixed seeds, a known environment."""

import os
import random
import sys
import tempfile
from pathlib import Path

OFFLINE = Path(__file__).parent / "offline"

# Set before anything heavy is imported, and inherited by every process a test starts.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["PYTHONPATH"] = os.pathsep.join(
    part for part in (str(OFFLINE), os.environ.get("PYTHONPATH", "")) if part
)
for _name in ("ADAPP_PRESET", "ADAPP_CHECKPOINT", "ADAPP_WEIGHTS", "ADAPP_FEATURE_CACHE"):
    os.environ.pop(_name, None)  # a developer's own settings must not change an outcome
_handle, _log_path = tempfile.mkstemp(prefix="adapp-network-", suffix=".log")
os.close(_handle)
os.environ["ADAPP_TEST_NETWORK_LOG"] = _log_path

sys.path.insert(0, str(OFFLINE))

import guard  # noqa: E402 - the path above comes first
import numpy as np  # noqa: E402 - the environment above comes first
import pytest  # noqa: E402 - the environment above comes first

guard.install()


@pytest.fixture(autouse=True)
def _seeded():
    """Give every test the same random state, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - third-party code may draw from the global generator
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)


@pytest.fixture(autouse=True)
def network_attempts():
    """Fail a test during which this process, or one it started, tried to leave the machine.

    Yields the log of attempts; a test that provokes one on purpose empties it.
    """
    log = Path(_log_path)
    log.write_text("")
    yield log
    attempts = log.read_text().split("\n")[:-1]
    log.write_text("")
    assert not attempts, f"tried to leave the machine: {attempts}"


def pytest_sessionfinish():
    """Remove the log of attempts."""
    Path(_log_path).unlink(missing_ok=True)
