"""How much memory a process holds and how much is free; None where the system does not say."""

import os
import shutil
import subprocess
from pathlib import Path

_KILO = 1024


def resident_bytes(pid: int) -> int | None:
    """Return the resident memory of a running process."""
    status = Path(f"/proc/{pid}/status")
    if status.is_file():
        return _entry(status, "VmRSS")
    command = shutil.which("ps")
    if command is None:
        return None
    asked = [command, "-o", "rss=", "-p", str(pid)]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return int(told.stdout) * _KILO if told.stdout.strip().isdecimal() else None


def available_bytes() -> int | None:
    """Return the memory that can be taken without swapping."""
    return _entry(Path("/proc/meminfo"), "MemAvailable")


def total_bytes() -> int | None:
    """Return the memory of the machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _entry(path: Path, name: str) -> int | None:
    """Return ``name: N kB`` of a file of the kernel, in bytes."""
    try:
        text = path.read_text(encoding="ascii")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * _KILO
    return None
