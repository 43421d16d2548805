"""Device and arithmetic of the frozen encoders: what the machine really has."""

import os
from pathlib import Path

import torch

from adapp.core.errors import UsageError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
DTYPE_VARIABLE = "ADAPP_DTYPE"
_CPU_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
_CPUINFO = Path("/proc/cpuinfo")


def choose_device(device: str | None = None) -> torch.device:
    """Return the asked device, or the first GPU if there is one, else the CPU.

    Raises:
        UsageError: If the asked device does not exist here.
    """
    if device is None:
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        msg = f'device "{device}" is unknown; use cpu or cuda:0'
        raise UsageError(msg) from error
    if chosen.type == "cuda" and not torch.cuda.is_available():
        msg = f'device "{device}" was asked for but no CUDA device is available; use cpu'
        raise UsageError(msg)
    return chosen


def choose_dtype(device: torch.device, dtype: str | None = None) -> torch.dtype:
    """Return the asked arithmetic, or bfloat16 where ``device`` computes in it natively.

    ``ADAPP_DTYPE`` stands in for an absent ``dtype``. Elsewhere float32: emulated bfloat16 is
    slower and less exact.

    Raises:
        UsageError: If the asked name is neither ``float32`` nor ``bfloat16``.
    """
    asked = dtype or os.environ.get(DTYPE_VARIABLE)
    if asked:
        if asked not in DTYPES:
            msg = f'dtype "{asked}" is unknown; use {" or ".join(DTYPES)}'
            raise UsageError(msg)
        return DTYPES[asked]
    return torch.bfloat16 if has_bfloat16(device) else torch.float32


def has_bfloat16(device: torch.device) -> bool:
    """Return whether ``device`` multiplies bfloat16 matrices in hardware."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and _CPUINFO.is_file() and cpu_has_bfloat16(_CPUINFO.read_text())


def cpu_has_bfloat16(cpuinfo: str) -> bool:
    """Return whether the ``flags`` lines of ``cpuinfo`` name a bfloat16 matrix unit (x86)."""
    flags = (line.partition(":")[2].split() for line in cpuinfo.splitlines() if "flags" in line)
    return any(_CPU_FLAGS.intersection(words) for words in flags)
