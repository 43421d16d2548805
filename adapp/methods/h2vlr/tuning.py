"""Tune to these parts: training on the supports themselves, damaged on purpose.

The published protocol trains per category on the k normal pictures; here it starts from what was
learned elsewhere and takes seconds. Encoders, gallery and the trained network are left as they
are, so going back is free. Source: H2VLR section 4.1; the views are ours (1c of the gaps).
"""

import copy
from collections.abc import Sequence

import numpy as np
import torch

from adapp.auxiliary.bank import TARGET_SCALE, Shelf, target_mask
from adapp.backbones.base import ImageBackbone, JointSpace
from adapp.core.detector import Report
from adapp.core.results import BinaryMask, RgbImage
from adapp.data.augment import mild_views
from adapp.data.synthetic import SyntheticAnomalies, SyntheticConfig
from adapp.methods.h2vlr.config import H2vlrConfig, Variant
from adapp.methods.h2vlr.drawing import held_against
from adapp.methods.h2vlr.model import H2vlrNetwork
from adapp.methods.h2vlr.optimise import Lesson, Stage, train_network
from adapp.methods.h2vlr.prompts import PromptSet
from adapp.training.loop import LoopPlan

CLEAN = 0.25
"""Share of the views that are left clean."""
CHUNK = 8
"""Views encoded at once."""


def tuned_network(
    network: H2vlrNetwork,
    variant: Variant,
    images: Sequence[RgbImage],
    prompts: PromptSet,
    backbone: ImageBackbone,
    space: JointSpace,
    config: H2vlrConfig,
    *,
    seed: int,
    report: Report | None = None,
) -> H2vlrNetwork:
    """Return a copy of ``network``, tuned on the supports.

    Each view of a support is compared with the other supports (a single one with itself), so
    that harmless differences of this part are learned beside damage drawn on it.

    Args:
        network: Trained parts; they are not changed.
        variant: ``dsi`` tunes the mapper, ``full`` graph and score, or everything where the
            preset trains jointly.
        images: Support pictures.
        prompts: Prompts of the part.
        backbone: Frozen encoder.
        space: Frozen joint space.
        config: Constants.
        seed: Seed of views, damage and order.
        report: Progress callback.
    """
    dtype = config.search_dtype(backbone.dtype_name)
    shelf = _shelf(images, backbone, config, seed, report)
    lessons = []
    for owner in range(len(images)):
        views = [v for v in range(config.views) if v % len(images) == owner]
        supports = [other for other in range(len(images)) if other != owner] or [owner]
        queries = [len(images) + view for view in views]
        if queries:
            episode = held_against(shelf, supports, queries, space, config, dtype)
            lessons.append(Lesson(episode, shelf, space, network.direction, prompts, prompts))
    stage: Stage = "joint" if config.joint else "reason"
    if variant == "dsi":
        stage = "induce"
    tuned = copy.deepcopy(network)
    plan = LoopPlan(config.tuning.epochs, seed, None, "tuning", resume=False)
    train_network(tuned, stage, lessons, config, config.tuning, plan, report)
    return tuned.requires_grad_(requires_grad=False)


def _shelf(
    images: Sequence[RgbImage],
    backbone: ImageBackbone,
    config: H2vlrConfig,
    seed: int,
    report: Report | None,
) -> Shelf:
    """Return the supports and, after them, clean and damaged views of each in turn."""
    rng = np.random.default_rng(seed)
    synthetic = SyntheticAnomalies(SyntheticConfig())
    pictures: list[RgbImage] = list(images)
    masks: list[BinaryMask | None] = [None] * len(images)
    rounds = config.views // max(len(images), 1)
    for view in range(config.views):
        picture = mild_views(images[view % len(images)], 1, int(rng.integers(2**31)))[0]
        mask = None
        if view // len(images) >= max(1, round(CLEAN * rounds)):
            damaged = synthetic.make(picture, rng, images)
            picture, mask = damaged.image, damaged.mask
        pictures.append(picture)
        masks.append(mask)
    return _encoded(pictures, masks, backbone, report)


def _encoded(
    pictures: Sequence[RgbImage],
    masks: Sequence[BinaryMask | None],
    backbone: ImageBackbone,
    report: Report | None,
) -> Shelf:
    patches, local, pooled = [], [], []
    for start in range(0, len(pictures), CHUNK):
        if report is not None:
            report("Preparing views", start, len(pictures))
        features = backbone.encode_rgb(pictures[start : start + CHUNK])
        patches.append(features.patches.transpose(0, 1).cpu().half())
        pooled.append(features.pooled.cpu().half())
        if features.local is not None:
            local.append(features.local.transpose(0, 1).cpu().half())
    grid = backbone.grid
    side = (grid[0] * TARGET_SCALE, grid[1] * TARGET_SCALE)
    target = np.stack([target_mask(mask, side) for mask in masks])
    anomalous = [mask is not None for mask in masks]
    return Shelf(
        category="support",
        part="support",
        open=True,
        patches=torch.cat(patches),
        local=torch.cat(local) if local else None,
        pooled=torch.cat(pooled),
        target=torch.from_numpy(target),
        label=torch.tensor(anomalous, dtype=torch.uint8),
        defect_types=("",) * len(pictures),
        kinds=("synthetic",) * len(pictures),
        grid=grid,
    )
