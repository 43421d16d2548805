"""Which category a picture is sent to when its patches vote."""

import numpy as np
import pytest
import torch

from adapp.methods.raid.config import DatabaseConfig
from adapp.methods.raid.database import VectorDatabase, make_category
from tests.unit.methods.raid.planted import planted, some

VOTING = DatabaseConfig(prototypes=12, neighbours=5, routing="patches")


@pytest.fixture
def parts():
    return [planted(5, seed=7 * number, part=1000 * number) for number in range(6)]


def database(parts, config=VOTING):
    entries = [
        make_category(f"part {number}", some(part, 0, 3), config, normal_cost=0.2, seed=0)
        for number, part in enumerate(parts)
    ]
    return VectorDatabase(entries, config)


def test_patches_find_their_category(parts):
    queries = torch.cat([part.tokens[3:] for part in parts])
    pooled = torch.cat([part.pooled[3:] for part in parts])
    assert database(parts).route(pooled, queries) == np.repeat(range(6), 2).tolist()


def test_patches_decide_against_a_misled_cls_token(parts):
    misled, tokens = parts[4].pooled[3:4], parts[1].tokens[3:4]
    assert database(parts).route(misled, tokens) == [1]
    by_class = DatabaseConfig(prototypes=12, neighbours=5, routing="class_prototype")
    assert database(parts, by_class).route(misled, tokens) == [4]


@pytest.mark.parametrize(("share", "expected"), [(0.3, 1), (0.7, 4)])
def test_the_larger_part_of_a_picture_decides(parts, share, expected):
    tokens = parts[1].tokens[3:4].clone()
    foreign = round(share * tokens.shape[1])
    tokens[:, :foreign] = parts[4].tokens[3:4, :foreign]
    assert database(parts).route(parts[1].pooled[3:4], tokens) == [expected]


def test_one_category_needs_no_vote(parts):
    assert database(parts[:1]).route(parts[3].pooled) == [0] * 5


def test_a_vote_without_patches_is_refused(parts):
    with pytest.raises(ValueError, match="give their tokens"):
        database(parts).route(parts[0].pooled)
