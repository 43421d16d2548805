"""What the type centroids add to the picture's score (D14)."""

import pytest
import torch

from adapp.methods.adseeker.centroids import ABSENT
from adapp.methods.adseeker.model import SeekerNetwork
from adapp.methods.adseeker.presets import TINY
from adapp.methods.adseeker.typebook import evidence

STAGES, WIDTH, CELLS = 2, 8, 16


def _network(variant="obj_cls"):
    return SeekerNetwork(TINY, variant, stages=STAGES, width=WIDTH, token_width=8, encoder_width=8)


def test_evidence_weighs_all_types_against_none():
    logits = torch.tensor([[[1.0, 2.0, 0.5], [ABSENT, 2.0, 3.0], [ABSENT, ABSENT, 0.0]]])
    expected = [torch.logaddexp(torch.tensor(1.0), torch.tensor(2.0)) - 0.5, -1.0, 0.0]
    assert evidence(logits)[0].tolist() == pytest.approx([float(value) for value in expected])


def test_types_start_as_loud_as_the_prompts():
    network = _network()
    generator = torch.Generator().manual_seed(0)
    plain = torch.randn(6, CELLS, generator=generator)
    told = 10.0 * torch.randn(6, CELLS, generator=generator)
    network.hear_types(plain, told)
    ratio = (network.loudness * told).std(dim=1).mean() / plain.std(dim=1).mean()
    assert ratio == pytest.approx(1.0, rel=1e-5)


def test_types_that_say_nothing_stay_silent():
    network = _network()
    network.hear_types(torch.randn(3, CELLS), torch.zeros(3, CELLS))
    assert float(network.loudness) == 0.0


def test_the_score_reads_the_types_beside_the_prompts():
    network = _network()
    odds = torch.randn(STAGES, 3, CELLS, generator=torch.Generator().manual_seed(1))
    told = torch.randn(3, CELLS, generator=torch.Generator().manual_seed(2))
    read = network._read(odds, told, None, torch.zeros(3))
    highest = (odds.mean(dim=0) + told).amax(dim=1)
    assert torch.allclose(read[:, 5], highest)


def test_steps_without_types_have_no_loudness():
    assert _network("obj").loudness is None
    assert "loudness" not in _network("obj").state_dict()
    assert "loudness" in _network("cls").state_dict()
