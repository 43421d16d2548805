"""A fitted RAID on disk: database and support pictures in one safetensors file, no pickle."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from adapp.core.results import RgbImage
from adapp.data.augment import mild_views
from adapp.methods.raid.database import VectorDatabase
from adapp.methods.raid.detector import FittedRaid, RaidDetector
from adapp.methods.raid.templates import VIEWS, with_spread


def save(fitted: FittedRaid, path: Path) -> None:
    """Write ``fitted`` to ``path``: its database, and its supports as the encoder sees them."""
    pictures = {
        f"image.{category}.{position}": torch.from_numpy(image.copy())
        for category, images in enumerate(fitted.images)
        for position, image in enumerate(images)
    }
    fitted.database.save(path, fitted.detector.backbone.identity, pictures)


def restore(detector: RaidDetector, path: Path) -> FittedRaid:
    """Return what :func:`save` wrote, bound to ``detector``; nothing is encoded again.

    A category with a single picture has its few mild views encoded, since they are not kept.

    Raises:
        CheckpointMismatch: If the file is no database or was made with another encoder.
    """
    config = detector.config
    database = VectorDatabase.load(path, config.database, detector.backbone.identity)
    tensors = load_file(path)
    entries, probes, kept = [], [], []
    for number, entry in enumerate(database.categories):
        images: list[RgbImage] = [
            tensors[f"image.{number}.{position}"].numpy() for position in range(entry.pictures)
        ]
        views = mild_views(images[0], VIEWS, detector.seed) if entry.pictures == 1 else []
        spread, probed = with_spread(entry, views, detector.backbone, config)
        entries.append(spread)
        probes.append(tuple(probed))
        kept.append(tuple(images))
    return FittedRaid(
        detector, VectorDatabase(entries, config.database), tuple(probes), tuple(kept)
    )
