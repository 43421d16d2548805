"""The database: what is found, from where, and that nothing is lost on the way to disk."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from adapp.core.errors import AdappError, CheckpointMismatch
from adapp.methods.raid.config import DatabaseConfig
from adapp.methods.raid.database import (
    VectorDatabase,
    class_clusters,
    grow_category,
    make_category,
    retrieve,
)
from adapp.ops.similarity import matching_cost, nearest_costs, unit_norm
from tests.tolerance import assert_same
from tests.unit.methods.raid.planted import GRID, planted, some

EXACT = DatabaseConfig(prototypes=12, probes=3, neighbours=10)
HIERARCHICAL = replace(EXACT, exact_below=0)
CELLS = GRID[0] * GRID[1]


def category(templates, config=EXACT, name="part"):
    return make_category(name, templates, config, normal_cost=0.2, seed=0)


def with_turned_copies(count, seed=0):
    """Return planted templates with quarter-turned copies of every picture behind them."""
    parts = [planted(count, seed + 10 * turn) for turn in range(4)]
    return replace(
        parts[0],
        tokens=torch.cat([part.tokens for part in parts]),
        pooled=torch.cat([part.pooled for part in parts]),
        picture=torch.arange(count).repeat(4),
        turns=torch.arange(4).repeat_interleave(count),
    )


def test_every_patch_becomes_a_token_with_its_source():
    templates = planted(3)
    entry = category(templates)
    assert entry.tokens.shape == (3 * CELLS, templates.tokens.shape[-1])
    assert entry.pictures == 3
    assert not entry.rotated
    assert entry.index is None
    place = CELLS + 2 * GRID[1] + 5  # picture 1, row 2, column 5
    assert entry.source[place].tolist() == [1, 2, 5, 0]
    assert torch.equal(entry.tokens[place], templates.tokens[1, 2 * GRID[1] + 5])
    assert torch.equal(entry.picture_tokens(2), templates.tokens[2])


@pytest.mark.parametrize(("wanted", "made"), [(4, 4), (50, 3 * CELLS // 20)])
def test_few_tokens_make_few_prototypes(wanted, made):
    entry = category(planted(3), replace(EXACT, prototypes=wanted))
    assert entry.prototypes.shape[0] == made
    assert_same(entry.prototypes.norm(dim=1), torch.ones(made))


def test_one_prototype_at_least():
    assert category(planted(1, grid=(2, 2))).prototypes.shape[0] == 1


def test_a_category_without_a_picture_is_refused():
    with pytest.raises(ValueError, match="'part' has no normal picture"):
        category(planted(0))


def test_class_prototype_is_the_direction_of_the_mean_of_the_upright_pictures():
    templates = with_turned_copies(3)
    entry = category(templates)
    assert entry.rotated
    assert entry.pictures == 3
    assert_same(entry.class_prototype, unit_norm(templates.pooled[:3].mean(dim=0)))


@pytest.mark.parametrize("config", [EXACT, replace(HIERARCHICAL, probes=12)], ids=["exact", "ivf"])
def test_retrieval_against_a_full_sort(config):
    entry = category(planted(4), config)
    assert (entry.index is None) == (config is EXACT)
    query = planted(1, seed=50).tokens[0]
    found = retrieve(entry, query, config)
    costs = matching_cost(query, entry.tokens)
    assert_same(found.costs, costs.sort(dim=1).values[:, : config.neighbours])
    assert_same(costs.gather(1, found.rows), found.costs)
    nearest = matching_cost(query, entry.prototypes).argmin(dim=1)
    assert torch.equal(found.prototypes, entry.prototypes[nearest])


def test_hierarchical_retrieval_approaches_the_flat_one():
    config = replace(HIERARCHICAL, prototypes=30, neighbours=40)
    entry = category(planted(30, noise=1.0), config)
    held_out = planted(6, seed=50, noise=1.0).tokens.flatten(0, 1)[:200]
    flat, rows = nearest_costs(held_out, entry.tokens, 40)
    recall, error = [], []
    for probes in (1, 2, 5, 10, 20, 30):
        found = retrieve(entry, held_out, replace(config, probes=probes))
        hits = (found.rows[:, :, None] == rows[:, None, :]).any(dim=2)
        recall.append(float(hits.float().mean()))
        error.append(float((found.costs[:, 0] - flat[:, 0]).abs().mean()))
    assert recall == sorted(recall)
    assert error == sorted(error, reverse=True)
    assert recall[0] < 0.8  # one list misses some, or the test shows nothing
    assert recall[2] > 0.8
    assert error[2] < 0.005
    assert recall[-1] == 1.0
    assert error[-1] < 1e-6


@pytest.mark.parametrize("config", [EXACT, HIERARCHICAL], ids=["exact", "ivf"])
def test_sixty_tokens_fill_a_volume_of_150(config):
    config = replace(config, neighbours=150)
    entry = category(planted(1, grid=(6, 10)), config)
    assert len(entry.tokens) == 60
    found = retrieve(entry, planted(1, seed=50, grid=(6, 10)).tokens[0], config)
    assert found.costs.shape == found.rows.shape == (60, 150)
    assert bool(found.costs.isfinite().all())
    assert 0 <= float(found.costs.min()) <= float(found.costs.max()) <= 2
    assert bool((found.costs.diff(dim=1) >= 0).all())
    assert 0 <= int(found.rows.min()) <= int(found.rows.max()) < 60


@pytest.mark.parametrize("config", [EXACT, HIERARCHICAL], ids=["exact", "ivf"])
def test_a_template_finds_itself_unless_it_is_left_out(config):
    templates = planted(5)
    entry = category(templates, config)
    itself = retrieve(entry, templates.tokens[2], config)
    apart = retrieve(entry, templates.tokens[2], config, exclude_picture=2)
    assert float(itself.costs[:, 0].max()) < 1e-5
    assert torch.equal(entry.source[itself.rows[:, 0], 0], torch.full((CELLS,), 2))
    assert float(apart.costs[:, 0].min()) > 0.01
    assert not bool((entry.source[apart.rows, 0] == 2).any())
    fresh = retrieve(entry, planted(1, seed=50).tokens[0], config)  # a normal part never seen
    assert float(apart.costs[:, 0].mean()) == pytest.approx(
        float(fresh.costs[:, 0].mean()), rel=0.2
    )


@pytest.mark.parametrize("config", [EXACT, HIERARCHICAL], ids=["exact", "ivf"])
def test_turned_copies_are_left_out_with_their_picture(config):
    templates = with_turned_copies(3)
    entry = category(templates, config)
    copy_of_two = templates.tokens[3 * 2 + 2]  # turned twice
    assert float(retrieve(entry, copy_of_two, config).costs[:, 0].max()) < 1e-5
    apart = retrieve(entry, copy_of_two, config, exclude_picture=2)
    assert float(apart.costs[:, 0].min()) > 0.01
    assert set(entry.source[apart.rows, 0].unique().tolist()) == {0, 1}


@pytest.mark.parametrize("config", [EXACT, HIERARCHICAL], ids=["exact", "ivf"])
def test_leaving_out_the_only_picture_is_refused(config):
    templates = planted(1)
    entry = category(templates, config)
    with pytest.raises(ValueError, match=r"exclude|at least one token"):
        retrieve(entry, templates.tokens[0], config, exclude_picture=0)


@pytest.mark.parametrize("config", [EXACT, HIERARCHICAL], ids=["exact", "ivf"])
def test_growth_holds_the_tokens_a_rebuilt_category_holds(config):
    whole = planted(4)
    first, last = some(whole, 0, 3), some(whole, 3)
    entry = category(first, config)
    kept = entry.tokens.clone()
    grown, rebuilt = grow_category(entry, last, config), category(whole, config)
    assert torch.equal(grown.tokens, rebuilt.tokens)
    assert torch.equal(grown.source, rebuilt.source)
    assert torch.equal(grown.pooled, rebuilt.pooled)
    assert torch.equal(grown.prototypes, entry.prototypes)
    assert grown.pictures == 4
    assert torch.equal(entry.tokens, kept)
    assert entry.pictures == 3
    if config is HIERARCHICAL:
        assert (len(entry.index), len(grown.index)) == (3 * CELLS, 4 * CELLS)
    found = retrieve(grown, last.tokens[0], config)
    assert float(found.costs[:, 0].max()) < 1e-5
    assert torch.equal(found.rows[:, 0], torch.arange(3 * CELLS, 4 * CELLS))


def test_a_retrieval_takes_more_tokens_as_a_new_search_would():
    entry, late = category(planted(3)), planted(2, seed=50).tokens.flatten(0, 1)
    query = planted(1, seed=60).tokens[0]
    before = retrieve(entry, query, EXACT)
    rows = torch.arange(len(entry.tokens), len(entry.tokens) + len(late))
    after = before.with_tokens(query, late, rows)
    everything = replace(entry, tokens=torch.cat([entry.tokens, late]))
    expected = retrieve(everything, query, EXACT)
    assert_same(after.costs, expected.costs)
    assert torch.equal(after.rows, expected.rows)
    assert torch.equal(after.prototypes, expected.prototypes)
    assert float((before.costs - after.costs).min()) >= 0


def routes_of(count, per_category, noise):
    """Return a database of planted categories, queries and the category of each."""
    parts = [planted(3 + per_category, seed=7 * p, part=1000 * p) for p in range(count)]
    templates = [some(part, 0, 3) for part in parts]
    database = VectorDatabase(
        [category(t, name=f"part {i}") for i, t in enumerate(templates)], EXACT
    )
    queries = torch.cat([t.pooled[3:] for t in parts])
    queries = unit_norm(queries + noise * torch.randn_like(queries))
    return database, queries, np.repeat(np.arange(count), per_category)


def test_queries_are_routed_to_their_category():
    database, queries, expected = routes_of(15, per_category=10, noise=0.0)
    assert database.route(queries) == expected.tolist()


def test_routing_takes_the_highest_cosine():
    database, queries, _ = routes_of(4, per_category=5, noise=2.0)
    prototypes = torch.stack([entry.class_prototype for entry in database.categories])
    cosine = torch.nn.functional.cosine_similarity(queries[:, None], prototypes[None], dim=2)
    routed = database.route(3.0 * queries)  # the length of a CLS token says nothing
    assert routed == cosine.argmax(dim=1).tolist()
    assert len(set(routed)) > 1


def test_clusters_of_cls_tokens_are_the_planted_categories():
    pooled = torch.cat([planted(8, seed=7 * p, part=1000 * p).pooled for p in range(15)])
    clusters = class_clusters(pooled, 15, seed=0)
    groups = [set(clusters[8 * p : 8 * p + 8]) for p in range(15)]
    assert all(len(group) == 1 for group in groups)
    assert len(set().union(*groups)) == 15


def test_a_database_needs_a_category():
    with pytest.raises(ValueError, match="at least one category"):
        VectorDatabase([], EXACT)


def test_replacing_a_category_leaves_the_old_database_alone():
    database, _, _ = routes_of(3, per_category=1, noise=0.0)
    other = category(planted(2, part=5), name="other")
    changed = database.with_category(1, other)
    assert [entry.name for entry in changed.categories] == ["part 0", "other", "part 2"]
    assert [entry.name for entry in database.categories] == ["part 0", "part 1", "part 2"]
    assert changed.route(other.class_prototype[None]) == [1]
    assert database.categories[0] is changed.categories[0]


@pytest.fixture
def saved(tmp_path):
    turned = category(with_turned_copies(3), HIERARCHICAL, "screw")
    database = VectorDatabase([category(planted(2), name="nut/M4"), turned], HIERARCHICAL)
    path = tmp_path / "parts.safetensors"
    database.save(path, "encoder A")
    return database, path


def test_a_saved_database_says_the_same(saved):
    database, path = saved
    again = VectorDatabase.load(path, HIERARCHICAL, "encoder A")
    query = planted(1, seed=50)
    assert again.route(query.pooled) == database.route(query.pooled)
    for before, after in zip(database.categories, again.categories, strict=True):
        assert (after.name, after.grid, after.pictures) == (
            before.name,
            before.grid,
            before.pictures,
        )
        assert after.normal_cost == pytest.approx(before.normal_cost)
        assert torch.equal(after.source, before.source)
        assert after.rotated == before.rotated
        assert_same(after.tokens, before.tokens, torch.float16)
        assert_same(after.tokens.norm(dim=1), torch.ones(len(after.tokens)))
        assert_same(
            retrieve(after, query.tokens[0], HIERARCHICAL).costs,
            retrieve(before, query.tokens[0], HIERARCHICAL).costs,
            torch.float16,
        )


def test_a_saved_database_still_grows(saved):
    _, path = saved
    entry = VectorDatabase.load(path, HIERARCHICAL, "encoder A").categories[0]
    late = planted(1, seed=50)
    grown = grow_category(entry, late, HIERARCHICAL)
    found = retrieve(grown, late.tokens[0], HIERARCHICAL)
    assert float(found.costs[:, 0].max()) < 1e-5
    assert torch.equal(grown.source[found.rows[:, 0], 0], torch.full((CELLS,), 2))


def test_the_file_holds_plain_tensors_and_readable_text(saved):
    _, path = saved
    with safe_open(path, framework="numpy") as file:
        cards = json.loads(file.metadata()["categories"])
        assert [card["name"] for card in cards] == ["nut/M4", "screw"]
        assert file.get_tensor("0.tokens").dtype == np.float16
        assert len(file.keys()) == 8


def test_a_database_of_another_encoder_is_refused(saved):
    _, path = saved
    with pytest.raises(CheckpointMismatch, match=r"another encoder.*encoder A.*build it again"):
        VectorDatabase.load(path, HIERARCHICAL, "encoder B")


def _text(path):
    path.write_text("not a database")


def _empty(path):
    path.write_bytes(b"")


def _other_tensors(path):
    save_file({"weight": torch.zeros(2)}, path)


def _other_version(path):
    header = {"format": "adapp-raid-database-0", "backbone": "encoder A", "categories": "[]"}
    save_file({"weight": torch.zeros(2)}, path, metadata=header)


def _cut(path):
    VectorDatabase([category(planted(2))], EXACT).save(path, "encoder A")
    path.write_bytes(path.read_bytes()[:-100])


def _absent(path):
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "spoil",
    [_text, _empty, _other_tensors, _other_version, _cut, _absent],
    ids=lambda f: f.__name__,
)
def test_a_foreign_file_is_refused_by_name(tmp_path, spoil):
    path = tmp_path / "thing.safetensors"
    spoil(path)
    with pytest.raises(AdappError, match=r"thing\.safetensors.*build it again"):
        VectorDatabase.load(path, EXACT, "encoder A")
