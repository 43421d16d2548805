"""A run's time is told from the runs before it, and only from those."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapp.services.pace import Paces
from tests.unit.services.inspected import inspection


def took(query, fit, tiles=1):
    """Return a run over three normals whose picture took ``query`` and learning ``fit`` seconds."""
    found = inspection()
    return replace(
        found,
        request=replace(found.request, tiles=tiles),
        outcomes=tuple(replace(outcome, seconds=query) for outcome in found.outcomes),
        seconds={"fit": fit},
    )


def asked(normals=3, queries=4, **changes):
    request = inspection().request
    paths = {
        "support": tuple(Path(f"n{number}.png") for number in range(normals)),
        "query": tuple(Path(f"q{number}.png") for number in range(queries)),
    }
    return replace(request, **paths, **changes)


def test_nothing_is_guessed_before_a_method_has_run():
    paces = Paces()
    assert paces.estimate(asked(), learned=False) is None
    paces.note(took(0.5, 3.0))
    assert paces.estimate(asked(method="kanoclip"), learned=False) is None
    assert paces.estimate(asked(preset="embedded"), learned=False) is None
    assert paces.of("raid", "embedded") is None


def test_time_grows_with_pictures_normals_and_tiles():
    paces = Paces()
    paces.note(took(0.5, 3.0))  # three normals, a second each
    assert paces.estimate(asked(), learned=False) == pytest.approx(4 * 0.5 + 3 * 1.0)
    assert paces.estimate(asked(), learned=True) == pytest.approx(4 * 0.5)
    tiled = asked(tiles=2)
    assert paces.estimate(tiled, learned=False) == pytest.approx(4 * (4 * 0.5 + 3 * 1.0))


def test_a_tiled_run_tells_the_time_of_one_tile():
    paces = Paces()
    paces.note(took(8.0, 12.0, tiles=2))
    assert paces.of("raid", "tiny") == pytest.approx(2.0)
    assert paces.estimate(asked(), learned=False) == pytest.approx(4 * 2.0 + 3 * 1.0)


def test_the_last_run_counts_but_known_normals_do_not_make_learning_free():
    paces = Paces()
    paces.note(took(0.5, 3.0))
    paces.note(took(0.2, 0.0))
    assert paces.of("raid", "tiny") == pytest.approx(0.2)
    assert paces.estimate(asked(queries=0), learned=False) == pytest.approx(3.0)
