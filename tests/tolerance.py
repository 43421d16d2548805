"""How far two ways to the same number may differ, by the arithmetic they ran in."""

import torch

TOLERANCE = {
    torch.float64: {"rtol": 1e-7, "atol": 1e-9},
    torch.float32: {"rtol": 1e-4, "atol": 1e-5},
    torch.float16: {"rtol": 1e-2, "atol": 2e-3},
    torch.bfloat16: {"rtol": 3e-2, "atol": 2e-2},
}


def assert_same(actual, expected, dtype=torch.float32):
    """Fail unless both agree, in shape and in value, as closely as ``dtype`` allows."""
    torch.testing.assert_close(
        torch.as_tensor(actual), torch.as_tensor(expected), check_dtype=False, **TOLERANCE[dtype]
    )
