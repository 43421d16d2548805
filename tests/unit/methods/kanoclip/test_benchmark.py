"""What bench reports: ratios with absolute values, whatever weights there are."""

import pytest

from adapp.methods.benchmarking import BenchPlan
from adapp.methods.kanoclip.architecture import inspect_architecture, main
from adapp.methods.kanoclip.benchmark import measure
from adapp.methods.kanoclip.config import VARIANTS


def test_figures_are_ratios_of_what_stands_beside_them():
    told = []
    plan = BenchPlan(batches=(1, 2), repeats=2)
    found = measure("tiny", "open", plan, lambda *step: told.append(step))
    assert found["variant"] == "full"
    assert found["checkpoint"] is None
    assert any("nothing in it is trained" in note for note in found["fallbacks"])
    assert [row["batch"] for row in found["throughput"]] == [1, 2]
    for row in found["throughput"]:
        quotient = row["method_pictures_per_second"] / row["encoder_pictures_per_second"]
        assert row["ratio"] == pytest.approx(quotient)
        assert row["ratio"] > 0
    assert found["prompts"]["seconds"] > 0
    assert len(told) == 2


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_one_step_moves_every_trained_part(variant):
    found = inspect_architecture("tiny", variant)
    assert found["shapes"]["maps [S, B, h, w]"] == [4, 1, 8, 8]
    assert found["tensors_moved_by_one_step"] > 0
    parts = set(found["trainable"]) - {"all"}
    expected = {"prompts"}
    if variant in {"bicmci", "full"}:
        expected |= {"blocks", "contexts"}
    if variant == "full":
        expected |= {"adapter"}
    assert parts == expected
    assert found["trainable"]["all"] == sum(found["trainable"][part] for part in parts)
    assert (found["shapes"]["local [S, B, N, D]"] is None) is (variant == "knpl")


def test_the_published_architecture_runs_and_learns():
    """Pictures of 56 px, so that the test takes seconds; 518 px from the command."""
    found = inspect_architecture("paper", size=56)
    assert found["stages"] == [6, 12, 18, 24]
    assert found["shapes"]["patches [S, B, N, D]"] == [4, 1, 16, 1024]
    assert found["shapes"]["maps [S, B, h, w]"] == [4, 1, 4, 4]
    assert set(found["trainable"]) == {"prompts", "blocks", "adapter", "all"}
    assert found["trainable"]["prompts"] == 2 * 12 * 768
    assert 8e6 < found["trainable"]["blocks"] < 12e6
    assert found["losses"]["local"] > 0


def test_the_command_prints_what_it_found(capsys):
    assert main(["--preset", "tiny", "--variant", "knpl"]) == 0
    assert '"trainable"' in capsys.readouterr().out
    assert main(["--preset", "tiny", "--size", "99"]) == 2
    assert "not a multiple" in capsys.readouterr().err
