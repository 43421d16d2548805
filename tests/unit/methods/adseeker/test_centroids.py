"""Type centroids: they keep their labels, in any order, and know what they do not know."""

from dataclasses import replace

import pytest
import torch

from adapp.knowledge.defect_types import CANONICAL
from adapp.methods.adseeker.centroids import ABSENT, calibrated, fit_centroids
from adapp.methods.adseeker.regions import NOTHING, UNKNOWN
from adapp.methods.adseeker.typebook import TypeBook, leading, pooled_probabilities, spotlight
from adapp.methods.adseeker.vocabulary import TYPES, canonical, spoken
from tests.unit.methods.adseeker.planted import CONFIG, KINDS, planted_regions, units

TYPE_CONFIG = CONFIG.types


@pytest.mark.parametrize("free", [False, True])
def test_centroids_keep_the_label_of_their_predefined_centre(free):
    regions, truth, middles = planted_regions()
    found = fit_centroids(regions, replace(TYPE_CONFIG, free=free))
    for kind in truth.unique().tolist():
        torch.testing.assert_close(found.centres[kind], middles[kind], rtol=0, atol=0.4)
    assert torch.equal(found.logits(regions.features).argmax(dim=1), truth)


def test_regions_without_a_label_join_the_nearest_type():
    regions, truth, _ = planted_regions(unknown=14)
    assert (regions.types == UNKNOWN).sum() > 5
    found = fit_centroids(regions, TYPE_CONFIG)
    assert torch.equal(found.logits(regions.features).argmax(dim=1), truth)
    apart = fit_centroids(regions, replace(TYPE_CONFIG, lloyd_steps=0))
    assert not torch.allclose(found.centres, apart.centres, atol=1e-4)


@pytest.mark.parametrize("free", [False, True])
def test_the_order_of_the_regions_does_not_matter(free):
    regions, _, _ = planted_regions(unknown=10)
    config = replace(TYPE_CONFIG, free=free)
    shuffled = regions.at(torch.randperm(len(regions), generator=torch.Generator().manual_seed(5)))
    one, other = fit_centroids(regions, config), fit_centroids(shuffled, config)
    torch.testing.assert_close(one.centres, other.centres, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(one.weight, other.weight, rtol=1e-4, atol=1e-4)
    assert one.regions == other.regions


def test_every_category_weighs_the_same():
    regions, _, middles = planted_regions(kinds=(0, 1), each=4)
    crowd = regions.features[:1].repeat(50, 1) + 1.0
    more = replace(
        regions,
        features=torch.cat([regions.features, crowd]),
        types=torch.cat([regions.types, torch.zeros(50, dtype=torch.long)]),
        categories=torch.cat([regions.categories, torch.zeros(50, dtype=torch.long)]),
    )
    found = fit_centroids(more, replace(TYPE_CONFIG, shrink=1.0))
    assert (found.centres[0] - middles[0]).norm() < 0.5 * (crowd[0] - middles[0]).norm()


def test_a_type_with_too_few_regions_is_absent_and_never_chosen():
    regions, _, _ = planted_regions(kinds=(0, 1, NOTHING))
    found = fit_centroids(regions, TYPE_CONFIG)
    absent = [row for row in range(KINDS) if found.offset[row] == ABSENT]
    assert absent == [row for row in range(KINDS) if row not in {0, 1, NOTHING}]
    probabilities = found.logits(10 * units(20, 8, seed=9)).softmax(dim=1)
    assert probabilities[:, absent].max() == 0
    assert found.regions[0] == 12


def test_nothing_but_normal_pieces_is_none_of_these():
    regions, _, _ = planted_regions(kinds=(NOTHING,))
    found = calibrated(regions, TYPE_CONFIG)
    assert (found.logits(regions.features).argmax(dim=1) == NOTHING).all()


def test_no_regions_at_all_say_none_of_these():
    regions, _, _ = planted_regions()
    found = calibrated(regions.at(torch.zeros(0, dtype=torch.long)), TYPE_CONFIG)
    assert (found.logits(regions.features).argmax(dim=1) == NOTHING).all()


def test_probabilities_hold_for_categories_that_were_left_out():
    """Regions whose features say nothing of their type must not be called with confidence."""
    clear, truth, _ = planted_regions()
    torch.manual_seed(0)
    muddled = replace(clear, features=clear.features[torch.randperm(len(clear))])
    sure = calibrated(clear, TYPE_CONFIG).logits(clear.features).softmax(dim=1)
    unsure = calibrated(muddled, TYPE_CONFIG).logits(muddled.features).softmax(dim=1)
    assert sure.gather(1, truth[:, None]).mean() > 0.95
    assert unsure.amax(dim=1).mean() < 0.6


def test_a_region_is_the_mean_of_its_patches():
    regions, _, _ = planted_regions(seed=3)
    found = calibrated(regions, TYPE_CONFIG)
    patches = units(1, 9, 8, seed=2)
    weights = torch.softmax(torch.arange(9.0), dim=0)[None]
    pooled = pooled_probabilities(found.logits(patches), weights)
    expected = found.logits(weights @ patches[0]).softmax(dim=1)
    torch.testing.assert_close(pooled, expected, rtol=1e-4, atol=1e-5)


def test_an_empty_book_says_none_of_these_and_a_filled_one_its_centroids():
    book = TypeBook(replace(TYPE_CONFIG, stages="last"), 3, 8)
    visual = units(3, 2, 5, 8)
    assert book.present == ()
    assert (book.logits(visual).argmax(dim=2) == NOTHING).all()
    regions, _, _ = planted_regions()
    centroids = fit_centroids(regions, TYPE_CONFIG)
    book.fill(centroids)
    assert book.present == tuple(TYPES[row] for row in (0, 1, 4))
    torch.testing.assert_close(book.logits(visual), centroids.logits(visual[-1]))


def test_the_leading_types_share_what_there_is():
    probabilities = torch.full((1, KINDS), 0.01)
    probabilities[0, 2], probabilities[0, 5], probabilities[0, -1] = 0.5, 0.3, 0.1
    kept = leading(probabilities, 2)
    assert kept.nonzero()[:, 1].tolist() == [2, 5, KINDS - 1]
    torch.testing.assert_close(kept.sum(), torch.tensor(1.0))
    torch.testing.assert_close(kept[0, 2] / kept[0, 5], torch.tensor(5 / 3))


def test_the_spotlight_falls_on_the_highest_log_odds():
    odds = torch.tensor([[0.0, 4.0, 1.0]])
    weights = spotlight(odds, 1.0)
    assert weights.argmax() == 1
    torch.testing.assert_close(weights.sum(), torch.tensor(1.0))
    torch.testing.assert_close(spotlight(odds, 0.0), torch.full((1, 3), 1 / 3))


def test_the_vocabulary_is_canonical_and_spoken():
    assert 15 <= len(TYPES) <= 25
    assert set(TYPES) <= set(CANONICAL)
    for key in TYPES:
        assert canonical(key) == key
        assert spoken(key)


@pytest.mark.parametrize(
    ("told", "expected"),
    [("blowhole", "hole"), ("scratches", "scratch"), ("defect", ""), ("", ""), ("odd thing", "")],
)
def test_what_data_sets_call_a_defect(told, expected):
    assert canonical(told) == expected


def with_forms(regions):
    """Return the regions with a form of their own for each type, and tokens that say nothing."""
    forms = units(KINDS, regions.outlines.shape[2], seed=4)[regions.types]
    noise = 0.05 * regions.outlines
    silent = torch.zeros_like(regions.features)
    return replace(regions, features=silent, outlines=forms[:, None] + noise)


def test_a_direction_is_told_however_faint_the_region_is():
    """Half of a region's deviation takes the same direction; a Gaussian thinks of another type."""
    regions, truth, middles = planted_regions()
    named = truth != NOTHING
    found = fit_centroids(regions, replace(TYPE_CONFIG, form="direction"))
    faint = middles[NOTHING] + 0.3 * (regions.features - middles[NOTHING])
    told = found.logits(faint)[named]
    assert torch.equal(told[:, :NOTHING].argmax(dim=1), truth[named])
    assert found.weight[NOTHING].abs().max() == 0
    near = fit_centroids(regions, TYPE_CONFIG).logits(faint)[named]
    assert (near.argmax(dim=1) == NOTHING).any()


def test_the_form_of_a_region_tells_its_type_where_the_tokens_do_not():
    regions, truth, _ = planted_regions()
    config = replace(TYPE_CONFIG, outline=1.0)
    named = (truth != NOTHING).nonzero().flatten()
    heard = with_forms(regions)
    spoken_too = replace(heard, features=regions.features)
    found = fit_centroids(spoken_too, config)
    told = found.of(heard)[named, :NOTHING]
    assert torch.equal(told.argmax(dim=1), truth[named])
    deaf = fit_centroids(spoken_too, TYPE_CONFIG)
    assert deaf.outlines.abs().max() == 0
    torch.testing.assert_close(deaf.of(heard), deaf.logits(heard.features))


def test_a_form_ranks_the_types_and_never_speaks_for_none_of_these():
    regions, _, _ = planted_regions()
    found = fit_centroids(with_forms(regions), replace(TYPE_CONFIG, outline=1.0))
    added = found.formed(10 * regions.outlines[:, 0])
    present = found.offset[:-1] > ABSENT
    mean = added[:, present].exp().mean(dim=1)
    torch.testing.assert_close(mean, torch.ones(len(regions)), rtol=1e-3, atol=1e-3)
    assert added[:, ~present].abs().max() == 0


def test_a_book_that_hears_forms_keeps_what_they_say():
    config = replace(TYPE_CONFIG, stages="last", outline=0.5)
    regions, _, _ = planted_regions()
    centroids = fit_centroids(regions, config)
    book = TypeBook(config, 3, 8)
    book.fill(centroids)
    assert torch.equal(book.state_dict()["outlines"], centroids.outlines)
    assert "outlines" not in TypeBook(TYPE_CONFIG, 3, 8).state_dict()
