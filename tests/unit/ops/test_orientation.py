"""Parts that lie in any orientation give themselves away; parts in a fixed pose do not."""

import torch

from adapp.ops.orientation import TURN_GAIN, turn_gain
from adapp.ops.similarity import unit_norm

SIDE = 5


def views(poses, noise=0.1):
    """Return pictures of one part in the given poses (quarter turns), and their turned copies."""
    look = torch.randn(SIDE, SIDE, 12)
    pictures = [torch.rot90(look, pose) + noise * torch.randn(SIDE, SIDE, 12) for pose in poses]
    # a patch also sees its surroundings: the token depends on the pose of the picture
    pose_sign = torch.randn(4, 12)
    return [
        torch.stack(
            [
                unit_norm((torch.rot90(picture, turn) + pose_sign[(pose + turn) % 4]).flatten(0, 1))
                for picture, pose in zip(pictures, poses, strict=True)
            ]
        )
        for turn in range(4)
    ]


def test_parts_in_any_pose_gain_from_turning():
    assert turn_gain(views([0, 1, 2, 3])) > TURN_GAIN


def test_parts_in_one_pose_lose_by_turning():
    assert turn_gain(views([0, 0, 0])) < TURN_GAIN


def test_one_picture_tells_nothing():
    assert turn_gain(views([0])) == 0.0
