"""Figures of the benchmark: ratios with both absolute values, and what is untrained says so."""

import pytest
import torch

from adapp.backbones import clip
from adapp.backbones.factory import create
from adapp.methods.benchmarking import BenchPlan
from adapp.methods.h2vlr import benchmark

PLAN = BenchPlan(batches=(1, 2), repeats=1, shots=1, pictures=(2,))


@pytest.fixture(autouse=True)
def _small_clip(monkeypatch):
    """Put the tiny encoder in the place of the published architecture, which takes minutes."""

    def backbone(_method, _size, *, local_from=None, **_options):
        return create("tiny", "h2vlr", dtype="float32", device="cpu", local_from=local_from)

    def space(_method, *, device, **_options):
        assert device == torch.device("cpu")
        from adapp.backbones.factory import create_joint, new_bridge

        return create_joint("tiny", "h2vlr", bridge=new_bridge("tiny").state_dict(), device="cpu")

    monkeypatch.setattr(benchmark, "random_backbone", backbone)
    monkeypatch.setattr(benchmark, "random_space", space)
    from dataclasses import replace

    small = replace(benchmark.PAPER.graph, width=64, head_width=16)
    early = replace(benchmark.PAPER.induction, local_from=2)  # it has four blocks
    small = replace(benchmark.PAPER, graph=small, induction=early)
    monkeypatch.setattr(benchmark, "PAPER", small)
    assert clip.PUBLISHED["h2vlr"].size == 240


def test_throughput_is_a_ratio_with_both_sides():
    told = []
    found = benchmark.measure("tiny", "open", PLAN, lambda *stage: told.append(stage))
    assert told
    assert found["variant"] == "sab"
    assert {row["variant"] for row in found["throughput"]} == {"sab", "full"}
    assert {row["batch"] for row in found["throughput"]} == {1, 2}
    for row in (*found["throughput"], *found["paper_architecture"]["throughput"]):
        expected = row["method_pictures_per_second"] / row["encoder_pictures_per_second"]
        assert row["ratio"] == pytest.approx(expected)
        assert row["fit_seconds"] > 0


def test_the_published_architecture_is_marked_as_untrained_and_timed_against_both_encoders():
    found = benchmark.measure("tiny", "open", PLAN, lambda *_: None)["paper_architecture"]
    assert "not run with the published weights" in found["note"]
    found_pairs = [(row["encoder"], row["batch"]) for row in found["throughput"]]
    assert found_pairs == [
        (name, batch) for name in ("bare", "with its V-V path") for batch in (1, 2)
    ]
    assert {row["checkpoint"] for row in found["throughput"]} == {None}
