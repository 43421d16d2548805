"""The hyperedges of the patch under a pixel."""

import numpy as np
import pytest

from adapp.core.results import Hyperedges
from adapp.services.patches import cell_at, patch_links

SIZE = (20, 60)  # a cell is 10 x 20 pixels


@pytest.fixture
def edges():
    """Six patches on a 2 x 3 grid; prompts 0 and 2 claim patch 4, prompt 1 does not."""
    neighbours = np.array([[1, 2], [0, 2], [0, 1], [4, 5], [5, 0], [4, 3]], np.int32)
    return Hyperedges(
        grid=(2, 3),
        neighbours=neighbours,
        similarity=np.linspace(0.9, 0.35, 12, dtype=np.float32).reshape(6, 2),
        prompts=("good part", "scratch", "hole"),
        abnormal=np.array([False, True, True]),
        claimed=np.array([[4, 0], [1, 2], [3, 4]], np.int32),
        claim_similarity=np.array([[0.4, 0.3], [0.2, 0.1], [0.8, 0.7]], np.float32),
        weights=np.array([0.5, 1.0, 1.5], np.float32),
    )


@pytest.mark.parametrize(
    ("pixel", "cell"),
    [
        ((0, 0), (0, 0)),
        ((9, 19), (0, 0)),
        ((10, 20), (1, 1)),
        ((19, 59), (1, 2)),
        ((99, -1), (1, 0)),
    ],
)
def test_pixel_belongs_to_the_cell_that_covers_it(pixel, cell):
    assert cell_at((2, 3), pixel, SIZE) == cell


def test_neighbours_come_best_first_with_place_and_similarity(edges):
    links = patch_links(edges, (15, 30), SIZE)  # patch 4
    assert (links.grid, links.cell) == ((2, 3), (1, 1))
    assert [near.cell for near in links.neighbours] == [(1, 2), (0, 0)]
    assert [near.rank for near in links.neighbours] == [1, 2]
    assert links.neighbours[0].similarity == pytest.approx(float(edges.similarity[4, 0]))


def test_prompts_that_claim_the_patch_come_heaviest_first(edges):
    links = patch_links(edges, (15, 30), SIZE)
    assert [(claim.prompt, claim.abnormal) for claim in links.claims] == [
        ("hole", True),
        ("good part", False),
    ]
    heaviest = links.claims[0]
    assert heaviest.weight == pytest.approx(1.5)
    assert heaviest.rank == 2
    assert heaviest.similarity == pytest.approx(0.7)
    assert heaviest.cells == ((1, 0), (1, 1))


def test_patch_that_no_prompt_claims_has_neighbours_alone(edges):
    links = patch_links(edges, (19, 59), SIZE)  # patch 5
    assert links.claims == ()
    assert len(links.neighbours) == 2
