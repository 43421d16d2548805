"""What bench reports: ratios with absolute values, whatever weights there are."""

import pytest

from adapp.methods.adseeker.architecture import inspect_architecture, main
from adapp.methods.adseeker.benchmark import measure
from adapp.methods.adseeker.config import VARIANTS
from adapp.methods.benchmarking import BenchPlan


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
        assert row["added"] == pytest.approx(1 / row["ratio"] - 1)
    assert found["prompts"]["seconds"] > 0
    assert len(told) == 2


@pytest.mark.parametrize("variant", VARIANTS[1:])
def test_one_step_moves_every_trained_part(variant):
    found = inspect_architecture("tiny", variant)
    assert found["shapes"]["maps [S, B, h, w]"] == [4, 1, 8, 8]
    assert found["tensors_moved_by_one_step"] > 0
    parts = set(found["trainable"]) - {"all"}
    expected = {"prompts"} | ({"taps", "contrast"} if variant == "full" else set())
    assert parts == expected
    assert found["trainable"]["all"] == sum(found["trainable"][part] for part in parts)
    assert len(found["shapes"]["code [B, K]"]) == (4 if variant == "full" else 0)


def test_the_published_architecture_runs_and_learns():
    """Pictures of 56 px, so that the test takes seconds; 518 px from the command."""
    found = inspect_architecture("paper", size=56)
    assert found["stages"] == [6, 12, 18, 24]
    assert found["shapes"]["maps [S, B, h, w]"] == [4, 1, 4, 4]
    assert found["shapes"]["code [B, K]"] == [[1, 16]] * 4
    assert set(found["trainable"]) == {"prompts", "blocks", "all"}
    assert found["trainable"]["prompts"] == 2 * 12 * 768
    # four linear layers and dictionaries, four projections, one into the text tower
    assert 7e6 < found["trainable"]["blocks"] < 10e6
    assert found["losses"]["local"] > 0
    assert found["losses"]["sparse"] > 0
    assert found["tensors_moved_by_one_step"] > 5
    assert min(found["active_atoms"]) > 0
    assert found["dictionaries_reached"] == [f"blocks.stages.{n}.atoms" for n in range(4)]


def test_the_command_prints_what_it_found(capsys):
    assert main(["--preset", "tiny", "--variant", "obj"]) == 0
    assert '"trainable"' in capsys.readouterr().out
    assert main(["--preset", "tiny", "--size", "99"]) == 2
    assert "not a multiple" in capsys.readouterr().err
