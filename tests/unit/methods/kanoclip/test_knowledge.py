"""The knowledge base in the joint space: eq. 3 by hand, only anomalous pictures described."""

import torch

from adapp.auxiliary.bank import Shelf
from adapp.methods.kanoclip.descriptions import load_descriptions
from adapp.methods.kanoclip.knowledge import class_features, class_texts


def shelf(category="magnetic_tile/tile", labels=(0, 1, 1, 1)):
    target = torch.zeros(len(labels), 32, 32, dtype=torch.uint8)
    for row, label in enumerate(labels):
        if label:
            target[row, 2 : 4 + row, 2:5] = 1
    return Shelf(
        category=category,
        part="tile",
        open=False,
        patches=torch.zeros(len(labels), 1, 64, 2),
        local=None,
        pooled=torch.zeros(len(labels), 2),
        target=target,
        label=torch.tensor(labels, dtype=torch.uint8),
        defect_types=("", "blowhole", "", "missing_part")[: len(labels)],
        kinds=("real",) * len(labels),
        grid=(8, 8),
    )


def test_five_general_sentences_and_one_for_every_anomalous_picture():
    texts = class_texts(shelf(), load_descriptions(), most=10)
    assert len(texts) == 5 + 3
    assert texts[:5] == list(load_descriptions().of("magnetic_tile/tile").descriptions)
    assert texts[5] == "The magnetic tile has a small rounded blowhole at the top left."
    assert "anomaly at the top left" in texts[6]
    assert "missing part" in texts[7]


def test_too_many_pictures_are_taken_evenly():
    texts = class_texts(shelf(), load_descriptions(), most=2)
    assert len(texts) == 5 + 2
    assert "blowhole" in texts[5]
    assert "missing part" in texts[6]


def test_a_shelf_of_normal_pictures_has_the_general_sentences_only():
    assert len(class_texts(shelf(labels=(0, 0)), load_descriptions(), most=4)) == 5


def test_the_mean_is_over_all_that_is_known(joint):
    base = load_descriptions()
    found = class_features(joint, [shelf(), shelf("my/widget")], base, most=10)
    assert found.shape == (2, joint.stage_count + 1, joint.width)
    texts = class_texts(shelf(), base, most=10)
    features = joint.encode_texts(texts)
    torch.testing.assert_close(found[0, 1], features.stages[1].mean(dim=0))
    torch.testing.assert_close(found[0, -1], features.pooled.mean(dim=0))
    assert not torch.allclose(found[0], found[1], atol=1e-4)
    assert not found.requires_grad
