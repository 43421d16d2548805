"""Attention by two plain products against PyTorch's own."""

import pytest
import torch
from torch.nn import functional

from adapp.ops import attention as module
from adapp.ops.attention import attention


def _parts(count=40, keys=33, batch=2, shared=0.0, dtype=torch.bfloat16):
    generator = torch.Generator().manual_seed(0)
    queries = torch.randn(batch, 3, count, 16, generator=generator) * 3
    heard = torch.randn(batch, 3, keys, 16, generator=generator)
    heard = heard + shared * torch.randn(3, 1, 16, generator=generator)
    values = torch.randn(batch, 3, keys, 16, generator=generator)
    return [part.to(dtype) for part in (queries, heard, values)]


def _exact(queries, keys, values, mask=None):
    wide = (part.double() for part in (queries, keys, values))
    return functional.scaled_dot_product_attention(*wide, attn_mask=mask)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_is_attention(dtype):
    parts = _parts(dtype=dtype)
    found = attention(*parts)
    assert found.dtype == dtype
    limit = 1e-5 if dtype == torch.float32 else 0.03
    assert (found.double() - _exact(*parts)).abs().max() < limit


def test_what_all_keys_share_costs_no_precision():
    queries, keys, values = _parts(shared=30.0)
    exact = _exact(queries, keys, values)
    plain = (queries * 16**-0.5 @ keys.mT).softmax(dim=-1) @ values
    error = (attention(queries, keys, values).double() - exact).abs().mean()
    assert error < 0.25 * (plain.double() - exact).abs().mean()
    fused = functional.scaled_dot_product_attention(queries, keys, values)
    assert error < 3 * (fused.double() - exact).abs().mean() + 0.01


def test_keys_not_heard_say_nothing():
    queries, keys, values = _parts()
    heard = torch.ones(2, 1, 1, 33, dtype=torch.bool)
    heard[0, ..., 20:] = False
    found = attention(queries, keys, values, heard=heard)
    assert (found.double() - _exact(queries, keys, values, heard)).abs().max() < 0.03
    changed = values.clone()
    changed[0, :, 20:] = 100.0
    assert torch.equal(attention(queries, keys, changed, heard=heard), found)


@pytest.mark.parametrize("masked", [False, True])
def test_many_pictures_take_turns(monkeypatch, masked):
    parts = _parts(batch=5)
    heard = torch.rand(5, 1, 1, 33) < 0.7 if masked else None
    whole = attention(*parts, heard=heard)
    calls = []
    products = module._by_products
    monkeypatch.setattr(module, "SCORES", 2 * 3 * 40 * 33)
    monkeypatch.setattr(
        module, "_by_products", lambda *part: calls.append(len(part[0])) or products(*part)
    )
    assert torch.equal(attention(*parts, heard=heard), whole)
    assert calls == [2, 2, 1]


def test_gradients_take_the_fused_way(monkeypatch):
    def never(*_):
        raise AssertionError

    monkeypatch.setattr(module, "_by_products", never)
    queries, keys, values = _parts()
    attention(queries, keys, values.requires_grad_()).sum().backward()
    assert values.grad.abs().sum() > 0


def test_no_position_hears_a_later_one():
    queries, keys, values = _parts(count=33)
    first = attention(queries, keys, values, causal=True)[:, :, 0]
    assert torch.allclose(first.float(), values[:, :, 0].float(), atol=1e-2)
