"""The identity that every result obeys, for any maps and weight."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adapp.core.results import AnomalyResult
from adapp.ops.maps import fuse_residual
from tests.unit.core.test_results import PROVENANCE

SHAPE = (3, 4)
UNIT = st.floats(0, 1, width=32)
SIGNED = st.floats(-1, 1, width=32)


@given(
    base=arrays(np.float32, SHAPE, elements=UNIT),
    residual=arrays(np.float32, SHAPE, elements=SIGNED),
    weight=st.floats(0, 2),
)
def test_fused_maps_are_accepted_as_results(base, residual, weight):
    fused = fuse_residual(torch.from_numpy(base), torch.from_numpy(residual), weight).numpy()
    result = AnomalyResult(
        base_map=base,
        residual_map=residual,
        residual_weight=weight,
        fused_map=fused,
        score=float(fused.max()),
        score_range=(0.0, 1.0),
        provenance=PROVENANCE,
    )
    reading = result.at(1, 2)
    total = reading.base + reading.weight * reading.residual
    assert abs(min(max(total, 0.0), 1.0) - reading.fused) < 1e-5


@given(
    base=arrays(np.float32, SHAPE, elements=UNIT),
    residual=arrays(np.float32, SHAPE, elements=SIGNED),
)
def test_weight_zero_is_the_base_map_bit_for_bit(base, residual):
    fused = fuse_residual(torch.from_numpy(base), torch.from_numpy(residual), 0.0)
    np.testing.assert_array_equal(fused.numpy(), base)


@given(
    base=arrays(np.float32, SHAPE, elements=UNIT), fused=arrays(np.float32, SHAPE, elements=UNIT)
)
def test_a_difference_taken_as_residual_gives_the_map_back(base, fused):
    again = fuse_residual(torch.from_numpy(base), torch.from_numpy(fused - base), 1.0)
    np.testing.assert_allclose(again.numpy(), fused, atol=1e-6)
