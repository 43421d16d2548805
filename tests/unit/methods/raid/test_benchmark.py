"""RAID's benchmark on toy sizes: the figures belong together and the searches agree."""

import json
import math

import numpy as np
import pytest
import torch

from adapp.core.errors import Cancelled, UsageError
from adapp.methods import registry
from adapp.methods.benchmarking import BenchPlan
from adapp.methods.raid.benchmark_parts import parts
from adapp.methods.raid.benchmark_retrieval import FlatBank
from adapp.ops.similarity import nearest_costs
from tests.unit.methods.raid.planted import planted

PLAN = BenchPlan(
    categories=3, pictures=(2, 4), queries=1, faiss_repeats=1, probes=(1, 2, 8), ladder_pictures=2,
    batches=(2,), repeats=1, shots=1, size=70,
)  # fmt: skip


def measured(plan, report=lambda *_: None):
    return registry.benchmark("raid", preset="tiny", checkpoint="open", plan=plan, report=report)


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def figures(told):
    return measured(PLAN, lambda stage, done, total: told.append((stage, done, total)))


def test_every_figure_is_a_finite_number_of_json(figures):
    def numbers(value):
        if isinstance(value, dict):
            return [n for entry in value.values() for n in numbers(entry)]
        if isinstance(value, list):
            return [n for entry in value for n in numbers(entry)]
        return [value] if isinstance(value, float) else []

    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert len(numbers(figures)) > 30
    assert all(math.isfinite(number) for number in numbers(figures))


def test_the_throughput_is_held_against_the_bare_encoder(figures):
    (one,) = figures["throughput"]
    assert (one["variant"], one["batch"], one["repeats"]) == ("retrieval", 2, 1)
    ratio = one["method_pictures_per_second"] / one["encoder_pictures_per_second"]
    assert one["ratio"] == pytest.approx(ratio)
    assert figures["fallbacks"], "no checkpoint ships for tiny, and the figures say so"
    assert figures["size"] == 70


def test_the_faster_flat_search_is_what_the_hierarchy_is_held_against(figures):
    for one, pictures in zip(figures["retrieval"]["databases"], (2, 4), strict=True):
        took = one["time"]
        assert one["tokens"] == 3 * pictures * 25  # 70 px: 5 x 5 patches
        assert one["queries"] == 6
        assert len(took["flat_seconds_by"]) == 2
        assert took["flat_seconds"] == min(took["flat_seconds_by"].values())
        assert took["ratio"] == pytest.approx(took["flat_seconds"] / took["hierarchical_seconds"])


def test_auroc_is_given_for_both_with_the_difference(figures):
    for one in figures["retrieval"]["databases"]:
        assert set(one["auroc"]) == {"image_auroc", "pixel_auroc"}
        for auroc in one["auroc"].values():
            difference = auroc["hierarchical"] - auroc["flat"]
            assert auroc["difference"] == pytest.approx(difference)
            assert 0.0 <= auroc["flat"] <= 100.0
        assert 0.0 <= one["routing_accuracy"] <= 100.0


def test_growth_compares_the_largest_database_with_the_smallest(figures):
    first, last = figures["retrieval"]["databases"]
    growth = figures["retrieval"]["growth"]
    assert growth["tokens"] == [150, 300]
    assert growth["flat"]["ratio"] == last["time"]["flat_seconds"] / first["time"]["flat_seconds"]
    assert growth["hierarchical"]["seconds"][1] == last["time"]["hierarchical_seconds"]


def test_more_lists_find_more_until_all_find_everything(figures):
    steps = figures["retrieval"]["probes"]
    assert [step["probes"] for step in steps] == [1, 2, 5]  # 100 tokens make five prototypes
    recalls = [step["recall"] for step in steps]
    assert recalls == sorted(recalls)
    assert recalls[0] < 100.0
    assert recalls[-1] == 100.0
    assert steps[-1]["map_difference"] < 1e-6 < steps[0]["map_difference"]
    for step in steps:
        assert step["ratio"] == pytest.approx(step["exact_seconds"] / step["seconds"])


def test_progress_names_every_part_of_the_work(figures, told):
    del figures
    stages = {stage for stage, _, _ in told}
    assert any("throughput" in stage for stage in stages)
    assert {"RAID: encoding parts", "RAID: 4 pictures a category", "RAID: probed lists"} <= stages
    assert all(0 <= done < total for _, done, total in told)


def test_a_database_that_does_not_fit_is_left_out_by_name():
    per_picture = 3 * 25 * 128 * 12  # categories, patches, width of two stages, bytes
    plan = BenchPlan(**{**_fields(PLAN), "memory": 3 * per_picture, "batches": ()})
    retrieval = measured(plan)["retrieval"]
    assert [one["pictures"] for one in retrieval["databases"]] == [2]
    assert list(retrieval["skipped"]) == ["4"]
    none = measured(BenchPlan(**{**_fields(plan), "memory": 1}))["retrieval"]
    assert none["databases"] == []
    assert list(none["skipped"]) == ["2", "4"]


def _fields(plan):
    return {name: getattr(plan, name) for name in plan.__slots__}


def test_the_work_stops_when_the_report_says_so():
    def stop(stage, done, total):
        del done, total
        if "encoding" in stage:
            message = "The run was stopped."
            raise Cancelled(message)

    with pytest.raises(Cancelled):
        measured(BenchPlan(**{**_fields(PLAN), "batches": ()}), stop)


def test_an_unknown_method_is_refused():
    with pytest.raises(UsageError, match="'radi' does not exist"):
        registry.benchmark("radi", preset="tiny", checkpoint="open", plan=PLAN, report=print)


def test_the_flat_bank_finds_what_a_full_product_finds(monkeypatch):
    monkeypatch.setattr("adapp.methods.raid.benchmark_retrieval._BLOCK", 20)  # several blocks
    tokens, queries = planted(2).tokens.flatten(0, 1), planted(1, seed=5).tokens[0]
    bank = FlatBank(tokens, torch.float32)
    similarity, rows = bank.search(queries, 9)
    costs, expected = nearest_costs(queries, tokens, 9)
    assert torch.equal(rows, expected)
    assert torch.allclose(1.0 - similarity, costs, atol=1e-6)
    assert torch.allclose(bank.costs(queries, rows.flip(1)), costs, atol=1e-6)
    assert bank.name == "torch float32"


def test_a_coarse_bank_still_answers_in_full_precision():
    tokens, queries = planted(3).tokens.flatten(0, 1), planted(1, seed=5).tokens[0]
    bank = FlatBank(tokens, torch.bfloat16)
    _, rows = bank.search(queries, 4)
    costs, _ = nearest_costs(queries, tokens, 4)
    assert bank.name == "torch bfloat16"
    assert torch.allclose(bank.costs(queries, rows)[:, 0], costs[:, 0], atol=2e-2)
    exact = 1.0 - (queries[:, None] * tokens[rows]).sum(dim=-1)
    assert torch.allclose(bank.costs(queries, rows), exact.sort(dim=1).values, atol=1e-6)


def test_parts_differ_in_family_and_repeat():
    some = parts(6, seed=0)
    assert len({part.family for part in some}) == 6
    assert some == parts(6, seed=0)
    first, second = (part.render(np.random.default_rng(0), 64) for part in some[:2])
    assert not np.array_equal(first, second)
