"""Supports without labels fall into the categories they came from."""

from dataclasses import replace

import pytest

from adapp.backbones.factory import create
from adapp.core.detector import SupportSet
from adapp.methods.raid.build import build
from adapp.methods.raid.grouping import ClusterQuality, cluster_quality, regrouped
from tests.unit.methods.raid.planted import pictures


@pytest.fixture(scope="module")
def backbone():
    return create("tiny", "raid", dtype="float32")


def parts(count, each):
    return [(f"part {number}", pictures(each, seed=number, part=number)) for number in range(count)]


@pytest.mark.parametrize(
    ("clusters", "labels", "purity", "accuracy"),
    [
        ([0, 0, 1, 1], "aabb", 1.0, 1.0),
        ([5, 5, 2, 2], "bbaa", 1.0, 1.0),  # numbers and names are arbitrary
        ([0, 0, 0, 0], "aabb", 0.5, 0.5),
        ([0, 1, 2, 3], "aabb", 1.0, 0.5),  # pure, but two clusters have no label of their own
        ([0, 0, 0, 1, 1, 1], "aabbbb", 5 / 6, 5 / 6),
        ([0, 0, 0, 1, 1], "aabab", 3 / 5, 3 / 5),
        ([0, 0, 0, 1, 1, 1], "aabaab", 4 / 6, 3 / 6),  # both clusters are mostly "a"
    ],
)
def test_quality_of_clusters_counted_by_hand(clusters, labels, purity, accuracy):
    quality = cluster_quality(clusters, list(labels))
    assert quality == ClusterQuality(pytest.approx(purity), pytest.approx(accuracy))


@pytest.mark.parametrize(("clusters", "labels"), [([], []), ([0, 1], ["a"])])
def test_quality_needs_a_label_for_each_picture(clusters, labels):
    with pytest.raises(ValueError, match="one label for each picture"):
        cluster_quality(clusters, labels)


def test_supports_of_planted_categories_are_found_again(backbone):
    named = parts(6, each=4)
    groups = regrouped(named, backbone, seed=0)
    owner = {id(image): name for name, images in named for image in images}
    clusters, labels = [], []
    for number, (_, images) in enumerate(groups):
        clusters += [number] * len(images)
        labels += [owner[id(image)] for image in images]
    assert len(labels) == 24
    assert cluster_quality(clusters, labels) == ClusterQuality(1.0, 1.0)
    assert {name: len(images) for name, images in groups} == {name: 4 for name, _ in named}


def test_labels_take_no_part_in_the_clustering(backbone):
    (first, some), (second, others) = parts(2, each=4)
    mixed = [(first, [*some[:2], *others[2:]]), (second, [*others[:2], *some[2:]])]
    groups = regrouped(mixed, backbone, seed=0)
    found = {frozenset(id(image) for image in images) for _, images in groups}
    assert found == {frozenset(map(id, some)), frozenset(map(id, others))}


def test_the_larger_cluster_takes_the_name(backbone):
    (_, some), (_, others) = parts(2, each=5)
    groups = dict(regrouped([("one", [*some, *others[:3]]), ("two", [])], backbone, seed=0))
    assert len(groups["one"]) == 5
    (other,) = set(groups) - {"one"}
    assert other.startswith("cluster ")
    assert len(groups[other]) == 3


def test_a_detector_in_kmeans_mode_routes_without_labels():
    detector = build("tiny", variant="retrieval")
    database = replace(detector.config.database, prototype_mode="kmeans", rotations="never")
    label_free = replace(detector, config=replace(detector.config, database=database))
    named = parts(4, each=4)
    swapped = [
        SupportSet(name, [*images[:3], named[(number + 1) % 4][1][3]])  # one label in four is wrong
        for number, (name, images) in enumerate(named)
    ]
    fitted = label_free.fit_many(swapped)
    assert [entry.pictures for entry in fitted.database.categories] == [4] * 4
    assert [len(images) for images in fitted.images] == [4] * 4
    queries = [pictures(1, seed=70 + number, part=number)[0] for number in range(4)]
    found = [result.category for result in fitted.predict_batch(queries)]
    assert found == [name for name, _ in named]
    by_label = replace(database, prototype_mode="labelled")
    labelled = replace(detector, config=replace(detector.config, database=by_label))
    strangers = labelled.fit_many(swapped).database.categories
    tight = max(entry.normal_cost for entry in fitted.database.categories)
    assert tight < min(entry.normal_cost for entry in strangers)
