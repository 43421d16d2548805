"""The centroids that name a region's type: a fit of their own, which moves no map (D13).

``python -m adapp.methods.adseeker.telling FILE --data ROOT...`` fits them anew into a checkpoint
that exists, from the pictures it was trained on; every other tensor stays as it is.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import torch

from adapp.auxiliary.bank import Bank, Shelf
from adapp.auxiliary.cards import RENDERED, plain
from adapp.auxiliary.pictures import sources
from adapp.backbones.base import JointSpace
from adapp.backbones.bridge import bridge_tensors
from adapp.backbones.factory import create, create_joint
from adapp.core.errors import UsageError
from adapp.core.module_command import finished
from adapp.core.settings import Settings
from adapp.methods.adseeker.centroids import fit_centroids, left_out, likeliest
from adapp.methods.adseeker.presets import config_for
from adapp.methods.adseeker.regions import collect_regions
from adapp.methods.adseeker.type_accuracy import CARD_KEY, among_three, card_of, type_accuracy
from adapp.methods.adseeker.typebook import TypeBook
from adapp.training.checkpoint import Card, CardValue, load_checkpoint, save_checkpoint
from adapp.training.request import commit

PREFIX: Final = "teller."
"""Where a checkpoint keeps these centroids."""


def fit_telling(
    teller: TypeBook,
    shelves: Iterable[Shelf],
    joint: JointSpace,
    seed: int,
    device: torch.device | None = None,
) -> dict[str, CardValue]:
    """Return a card's entries about the types after filling ``teller`` in place.

    Of the forms that the configuration allows that one is taken which has the right type among
    three most often, of regions of categories it was fitted without; of equals the first.
    """
    config = teller.config
    regions = collect_regions(shelves, joint, config, seed, device)
    rivals = {form: replace(config, form=form) for form in (config.form, *config.rivals)}
    told = {form: left_out(regions, one) for form, one in rivals.items()}
    right = {form: among_three(one) for form, one in told.items()}
    best = max(rivals, key=lambda form: right[form] or 0.0)
    teller.fill(likeliest(fit_centroids(regions, rivals[best]), told[best]))
    figures: dict[str, CardValue] = {form: right[form] for form in rivals}
    return {
        "defect_types": list(teller.present),
        CARD_KEY: card_of(type_accuracy(told[best])),
        "telling": {"form": best, "among_three": figures},
    }


def refit(path: Path, roots: Sequence[Path], out: Path | None = None) -> Path:
    """Return the checkpoint with its telling centroids fitted anew.

    Args:
        path: Checkpoint with a bridge.
        roots: Data folders that it was trained on.
        out: File to write; None writes over ``path``.

    Raises:
        UsageError: If ``roots`` do not hold the pictures that it was trained on.
        CheckpointMismatch: If it is no checkpoint with a bridge.
        ModelUnavailable: If the file or an encoder's weights are absent.
    """
    loaded = load_checkpoint(path)
    card, settings = loaded.card, Settings()
    preset, without = str(card["preset"]), cast("list[str]", card["left_out"])
    config = config_for(preset)
    backbone = create(preset, "adseeker", size=config.size, settings=settings)
    rendered = config.training.mixture.rendered > 0
    wanted = sources(roots, without, rendered=rendered)
    if [one.category for one in wanted if not one.category.startswith("rendered/")] != [
        name for name in cast("list[str]", card["trained_on"]) if name != RENDERED
    ]:
        msg = f"{path.name} was trained on other categories; give the same --data as its training"
        raise UsageError(msg)
    bridge = bridge_tensors(loaded.state)
    joint = create_joint(preset, "adseeker", bridge=bridge, device="cpu", settings=settings)
    teller = TypeBook(config.telling, joint.stage_count, joint.width)
    bank = Bank(backbone, settings.cache_dir)
    shelves = (bank.shelf(one) for one in wanted)  # one in memory at a time
    entries = fit_telling(teller, shelves, joint, int(cast("int", card["seed"])))
    kept = {name: one for name, one in loaded.state.items() if not name.startswith(PREFIX)}
    told = {PREFIX + name: tensor for name, tensor in teller.state_dict().items()}
    fresh: Card = {
        **card,
        "name": (out or path).stem,
        **entries,
        "telling": {
            **cast("dict[str, CardValue]", entries["telling"]),
            "command": f"python -m adapp.methods.adseeker.telling {path.name} --data "
            + " ".join(root.name for root in roots),
            "commit": commit(),
            "config": plain(config.telling),
        },
    }
    save_checkpoint(out or path, {**kept, **told}, fresh)
    return out or path


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 done, 2 something the user can mend."""
    parser = argparse.ArgumentParser(prog="adapp.methods.adseeker.telling")
    parser.add_argument("checkpoint", type=Path, help="file to fit them into")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="its data folders")
    parser.add_argument("--out", type=Path, default=None, help="file to write instead")
    options = parser.parse_args(arguments)
    return finished(lambda: str(refit(options.checkpoint, options.data, options.out)))


if __name__ == "__main__":
    sys.exit(main())
