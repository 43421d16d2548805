"""Types told by a linear classifier, and the choice between forms of telling."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from adapp.methods.adseeker import telling
from adapp.methods.adseeker.centroids import ABSENT, calibrated, fit_centroids, left_out
from adapp.methods.adseeker.regions import NOTHING, UNKNOWN
from adapp.methods.adseeker.typebook import TypeBook
from tests.unit.methods.adseeker.planted import CONFIG, planted_regions, units

LINEAR = replace(CONFIG.types, form="linear", outline=0.15)


def test_regions_are_told_by_a_linear_form_of_their_tokens():
    regions, truth, middles = planted_regions()
    found = fit_centroids(regions, LINEAR)
    assert torch.equal(found.of(regions).argmax(dim=1), truth)
    both = torch.stack([middles[0], middles[1]])
    torch.testing.assert_close(found.logits(both.mean(dim=0)), found.logits(both).mean(dim=0))
    absent = [row for row in range(NOTHING) if row not in truth]
    assert bool((found.offset[absent] == ABSENT).all())
    assert found.weight[absent].abs().max() == 0


def test_regions_cut_out_too_wide_teach_too():
    regions, truth, middles = planted_regions()
    elsewhere = replace(regions, around=middles[1].expand(len(regions), -1))
    wide = elsewhere.loosened()
    torch.testing.assert_close(wide.features, (regions.features + middles[1]) / 2)
    assert torch.equal(wide.outlines[:, 0], regions.outlines[:, 1])
    told = fit_centroids(elsewhere, LINEAR).of(wide).argmax(dim=1)
    assert torch.equal(told, truth)
    near = fit_centroids(regions, CONFIG.types).of(wide).argmax(dim=1)
    assert not torch.equal(near, truth)


def test_forms_are_heard_where_tokens_say_nothing_and_only_if_wanted():
    regions, truth, _ = planted_regions(kinds=(0, 1, 4), each=20)
    shaped = units(3, regions.outlines.shape[2], seed=4)[
        torch.bucketize(truth, torch.tensor([0, 1, 4]))
    ]
    silent = replace(
        regions,
        features=torch.zeros_like(regions.features),
        outlines=shaped[:, None] + 0.05 * regions.outlines,
    )
    found = fit_centroids(silent, LINEAR)
    assert torch.equal(found.of(silent)[:, :NOTHING].argmax(dim=1), truth)
    deaf = fit_centroids(silent, replace(LINEAR, outline=0.0))
    assert deaf.outlines.abs().max() == 0


def test_types_and_their_categories_weigh_the_same():
    regions, truth, _ = planted_regions(kinds=(0, 1, NOTHING))
    many = torch.cat([torch.arange(len(regions)), torch.zeros(400, dtype=torch.long)])
    crowd, plain = fit_centroids(regions.at(many), LINEAR), fit_centroids(regions, LINEAR)
    between = regions.features[truth == 0].mean(dim=0) + regions.features[truth == 1].mean(dim=0)
    odds = [one.logits(between / 2)[0] - one.logits(between / 2)[1] for one in (crowd, plain)]
    assert float(odds[0]) == pytest.approx(float(odds[1]), abs=1.0)


@pytest.mark.parametrize("kinds", [(0,), (NOTHING,), (0, 1), (0, NOTHING)])
def test_few_kinds_are_enough(kinds):
    regions, truth, _ = planted_regions(kinds=kinds)
    found = fit_centroids(regions, LINEAR)
    told = found.of(regions)
    assert bool(told.isfinite().all())
    if len(kinds) > 1:
        column = torch.bucketize(truth, torch.tensor(kinds))
        assert torch.equal(told[:, list(kinds)].argmax(dim=1), column)
    hidden = replace(regions, types=torch.full_like(truth, UNKNOWN))
    assert bool((fit_centroids(hidden, LINEAR).offset[:NOTHING] == ABSENT).all())


def test_probabilities_are_calibrated_as_those_of_centroids_are():
    regions, _, _ = planted_regions()
    told = calibrated(regions, LINEAR).of(regions)
    assert told.softmax(dim=1).max(dim=1).values.min() > 0.5


def _told(monkeypatch, regions, **changes):
    """Return a filled book and its entries in a card."""
    config = replace(CONFIG.types, stages="last", outline=0.15, form="nearest", **changes)
    book = TypeBook(config, 1, regions.features.shape[1])
    monkeypatch.setattr(telling, "collect_regions", lambda *_: regions)
    entries = telling.fit_telling(book, [], SimpleNamespace(), 0)
    return book, entries


def test_the_form_that_is_right_about_unseen_categories_is_taken(monkeypatch):
    regions, _, middles = planted_regions(kinds=(0, 1, 2, 3, 4, 5, NOTHING), each=16)
    wide = replace(regions, around=4.0 * middles[1].expand(len(regions), -1))
    book, entries = _told(monkeypatch, wide, rivals=("linear",))
    figures = entries["telling"]["among_three"]
    assert entries["telling"]["form"] == max(figures, key=figures.get) == "linear"
    assert figures["linear"] > figures["nearest"]
    chosen = calibrated(wide, replace(book.config, form="linear"))
    assert torch.equal(book.weight, chosen.weight)
    assert set(entries) == {"defect_types", "type_accuracy", "telling"}


def test_of_equals_the_first_is_taken(monkeypatch):
    regions, _, _ = planted_regions()
    book, entries = _told(monkeypatch, regions, rivals=("linear",))
    assert entries["telling"]["among_three"] == {"nearest": 1.0, "linear": 1.0}
    assert entries["telling"]["form"] == "nearest"
    assert torch.equal(book.weight, calibrated(regions, book.config).weight)
    assert left_out(regions, book.config) is not None
