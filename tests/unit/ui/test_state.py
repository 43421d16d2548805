"""Results within a memory budget, and runs that can be stopped."""

import gc

import pytest

from adapp.services.inspection import drain
from adapp.ui.state import ResultShelf, Runs, drop_held, size_of


@pytest.fixture
def inspection(run):
    return drain(run())


def test_size_counts_pictures_and_maps(inspection):
    pixels = 72 * 96
    pictures = len(inspection.support) + len(inspection.outcomes)
    maps = 4 * len(inspection.outcomes)  # base, residual, fused and one of evidence
    assert size_of(inspection) == pixels * 3 * pictures + pixels * 4 * maps


def test_oldest_result_makes_room(inspection):
    shelf = ResultShelf(budget_bytes=int(2.5 * size_of(inspection)))
    held = [shelf.hold(1) for _ in range(3)]
    for one in held:
        shelf.fill(one, inspection)
    assert [one.inspection is None for one in held] == [True, False, False]
    assert held[0].size_bytes == 0


def test_result_larger_than_the_budget_is_still_shown(inspection):
    shelf = ResultShelf(budget_bytes=1)
    held = shelf.hold(1)
    shelf.fill(held, inspection)
    assert held.inspection is inspection


def test_shelf_does_not_keep_what_a_session_let_go(inspection):
    shelf = ResultShelf(budget_bytes=int(1.5 * size_of(inspection)))
    first = shelf.hold(1)
    shelf.fill(first, inspection)
    del first
    gc.collect()
    second = shelf.hold(1)
    shelf.fill(second, inspection)
    assert second.inspection is inspection


def test_runs_of_the_server_have_different_keys():
    shelf = ResultShelf()
    assert len({shelf.hold(1).key for _ in range(5)}) == 5


def test_dropping_lets_go_of_both_results(inspection):
    held = ResultShelf().hold(1, twin=inspection)
    held.inspection = inspection
    drop_held(held)
    assert held.inspection is None
    assert held.twin is None
    drop_held(None)


def test_stop_reaches_the_run_of_its_own_session_only():
    runs = Runs()
    mine, other = runs.begin("mine"), runs.begin("other")
    assert runs.stop("mine")
    assert mine.is_set()
    assert not other.is_set()


def test_new_run_stops_the_older_one_of_the_session():
    runs = Runs()
    older = runs.begin("mine")
    newer = runs.begin("mine")
    assert older.is_set()
    assert not newer.is_set()
    runs.end("mine", older)  # ends late and must not forget the newer run
    assert runs.stop("mine")
    assert newer.is_set()


def test_ended_run_cannot_be_stopped():
    runs = Runs()
    runs.end("mine", runs.begin("mine"))
    assert not runs.stop("mine")
