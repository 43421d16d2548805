import pytest
import torch

from adapp.backbones import precision
from adapp.core.errors import UsageError

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _no_override(monkeypatch):
    monkeypatch.delenv(precision.DTYPE_VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("cpuinfo", "native"),
    [
        ("processor : 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n", True),
        ("flags : fpu amx_bf16 amx_tile\n", True),
        ("flags : fpu avx2 avx512f\n", False),
        ("model name : avx512_bf16 imitation\nflags : fpu\n", False),
        ("", False),
    ],
)
def test_bfloat16_is_read_from_the_cpus_flags(cpuinfo, native):
    assert precision.cpu_has_bfloat16(cpuinfo) is native


@pytest.mark.parametrize(
    ("flags", "expected"), [("amx_bf16", torch.bfloat16), ("avx2", torch.float32)]
)
def test_the_machine_decides_the_arithmetic(monkeypatch, tmp_path, flags, expected):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"flags : {flags}\n")
    monkeypatch.setattr(precision, "_CPUINFO", cpuinfo)
    assert precision.choose_dtype(CPU) == expected


def test_a_machine_that_says_nothing_computes_in_float32(monkeypatch, tmp_path):
    monkeypatch.setattr(precision, "_CPUINFO", tmp_path / "absent")
    assert precision.choose_dtype(CPU) == torch.float32


def test_an_argument_beats_the_environment_and_both_beat_the_machine(monkeypatch):
    monkeypatch.setattr(precision, "has_bfloat16", lambda _device: True)
    monkeypatch.setenv(precision.DTYPE_VARIABLE, "float32")
    assert precision.choose_dtype(CPU) == torch.float32
    assert precision.choose_dtype(CPU, "bfloat16") == torch.bfloat16


def test_an_unknown_arithmetic_is_refused_by_name(monkeypatch):
    with pytest.raises(UsageError, match='"float12" is unknown'):
        precision.choose_dtype(CPU, "float12")
    monkeypatch.setenv(precision.DTYPE_VARIABLE, "double")
    with pytest.raises(UsageError, match='"double" is unknown'):
        precision.choose_dtype(CPU)


def test_a_gpu_is_taken_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert precision.choose_device() == torch.device("cuda:0")
    assert precision.choose_device("cpu") == CPU


def test_a_gpu_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert precision.choose_device() == CPU
    with pytest.raises(UsageError, match="no CUDA device"):
        precision.choose_device("cuda:0")


def test_an_unknown_device_is_refused():
    with pytest.raises(UsageError, match='"toaster" is unknown'):
        precision.choose_device("toaster")
