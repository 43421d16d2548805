"""Training of the bridge: sentences learn to point at normal and anomalous patches.

Both encoders stay frozen; the bank holds the patches, the sentence table the sentences, so a
step is a few small matrix products.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from adapp.auxiliary.bank import Bank, Shelf
from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.auxiliary.bridge_losses import guide_loss, map_loss, type_loss
from adapp.auxiliary.cards import bank_card, check_request, fingerprint, state_path
from adapp.auxiliary.direction import fit_direction, halfway
from adapp.auxiliary.sampling import Batch, Sampler, batches
from adapp.auxiliary.sentence_table import SentenceTable, make_table
from adapp.auxiliary.text_map import ImageHead, map_statistics, pooled_logits, text_logits
from adapp.backbones.bridge import Bridge
from adapp.backbones.factory import create, create_sentences, new_bridge
from adapp.core.detector import Report
from adapp.core.settings import Settings
from adapp.training.checkpoint import CardValue, save_checkpoint
from adapp.training.loop import LoopPlan, cosine_rate, forget, run_epochs
from adapp.training.request import TrainingRequest

NAME: Final = "bridge"
VARIANTS: Final = ("top", "head")
"""How its text map scores a picture: by its highest cells, or by the trained image head."""
CENTRED: Final = 16
"""Pictures of a category that its mean token is taken from."""


class BridgeModel(nn.Module):
    """What is trained: the bridge, which methods take, and an image head, which stays here."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.bridge = bridge
        self.head = ImageHead()


def run(request: TrainingRequest, *, resume: bool, report: Report | None = None) -> Path:
    """Train and return the path of the checkpoint.

    Raises:
        UsageError: If there is nothing to train on, or the request makes no sense.
        CheckpointMismatch: If a kept state belongs to another training.
    """
    check_request(request, VARIANTS)
    settings, config = Settings(), BridgeConfig()
    backbone = create(request.preset, "kanoclip", settings=settings)
    bank = Bank(backbone, settings.cache_dir)
    shelves = bank.shelves(request.roots, request.leave_out, report=report)
    if report is not None:
        report("Reading the sentences", 0, 1)
    tower = create_sentences(request.preset, device="cpu")
    table = make_table(tower, shelves, request.seed)
    model = BridgeModel(new_bridge(request.preset, dropout=config.dropout, seed=request.seed))
    set_centres(model.bridge, shelves, config, request.seed)
    plan = LoopPlan(
        epochs=config.epochs if request.epochs is None else request.epochs,
        seed=request.seed,
        state_path=state_path(request.out),
        fingerprint=fingerprint(request, shelves, config, request.epochs),
        resume=resume,
    )
    losses = train_bridge(model, shelves, table, config, plan, report)
    more: dict[str, CardValue] = {
        "text_encoder": tower.identity,
        "temperature": model.bridge.log_temperature.exp().item(),
        "epochs": len(losses),
        "losses": list(losses),
        "config": asdict(config),
    }
    card = bank_card(NAME, request, shelves, backbone, more)
    save_checkpoint(request.out, model.state_dict(), card)
    forget(state_path(request.out))
    return request.out


def set_centres(bridge: Bridge, shelves: Sequence[Shelf], config: BridgeConfig, seed: int) -> None:
    """Set the centres of ``bridge`` as ``config`` says, category by category.

    Without masks the patches' centre is their mean; ``CENTRED`` pictures of a shelf, evenly
    spread, stand for all of it. The pooled centre is the mean of the pictures' vectors.
    """
    with torch.no_grad():
        between = config.centre == "halfway"
        patches = halfway(shelves, lambda tokens: tokens, seed=seed) if between else None
        bridge.centre.copy_(_mean_tokens(shelves) if patches is None else patches)
        pooled = [shelf.pooled.float().mean(dim=0) for shelf in shelves]
        bridge.pooled_centre.copy_(torch.stack(pooled).mean(dim=0))


def _mean_tokens(shelves: Sequence[Shelf]) -> Tensor:
    """Return the mean token of every stage, each shelf weighing the same, [S, D]."""
    rows = [torch.linspace(0, len(shelf) - 1, min(CENTRED, len(shelf))).long() for shelf in shelves]
    means = [
        torch.stack([shelf.patches[int(i)].float().mean(dim=1) for i in some]).mean(dim=0)
        for shelf, some in zip(shelves, rows, strict=True)
    ]
    return torch.stack(means).mean(dim=0)


def train_bridge(
    model: BridgeModel,
    shelves: Sequence[Shelf],
    table: SentenceTable,
    config: BridgeConfig,
    plan: LoopPlan,
    report: Report | None = None,
) -> list[float]:
    """Return the loss of each epoch after training ``model`` in place; it ends in eval mode."""
    sampler = Sampler(shelves, config.mixture)
    strength = config.guide_regularisation
    guide = fit_direction(shelves, model.bridge.project, seed=plan.seed, regularisation=strength)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    steps = plan.epochs * config.steps

    def epoch(number: int) -> float:
        model.train()
        rng = np.random.default_rng([plan.seed, number])
        losses = []
        drawn = batches(sampler, config.batch, config.steps, rng, thin=config.thin)
        for step, batch in enumerate(drawn):
            done = number * config.steps + step
            rate = cosine_rate(done, steps, config.learning_rate, config.warmup)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = bridge_loss(model, batch, table, config, guide, rng)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        return float(np.mean(losses))

    losses = run_epochs(model, optimizer, epoch, plan, report)
    model.eval()
    return losses


def bridge_loss(
    model: BridgeModel,
    batch: Batch,
    table: SentenceTable,
    config: BridgeConfig,
    guide: Tensor | None,
    rng: np.random.Generator,
) -> Tensor:
    """Return the loss of one batch with prompts drawn anew, a scalar."""
    bridge = model.bridge
    temperature = bridge.log_temperature.exp()
    vectors, rows = _drawn(batch, table, config, rng)
    features = bridge(vectors)
    stages = _averaged(features.stages, rows)  # [S, 2 B, J]
    whole = _averaged(features.pooled[None], rows)[0]  # [2 B, J]
    normal, anomalous = stages.chunk(2, dim=1)
    patches = bridge.project(batch.patches)
    logits = text_logits(patches, normal, anomalous, temperature)
    whole_normal, whole_anomalous = whole.chunk(2)
    pooled = pooled_logits(
        bridge.project_pooled(batch.pooled), whole_normal, whole_anomalous, temperature
    )
    share = functional.adaptive_avg_pool2d(batch.target, batch.grid).flatten(1)
    loss = map_loss(logits, share, config)
    if guide is not None:
        loss = loss + config.guide_weight * guide_loss(normal, anomalous, temperature, guide)
    score = model.head(map_statistics(logits.mean(dim=0), pooled))
    loss = loss + config.image_weight * functional.binary_cross_entropy_with_logits(
        score, batch.label
    )
    if config.type_weight > 0 and table.types:
        told = torch.tensor([_row(table, one) for one in batch.defect_types])
        sentences = _types(bridge, table, rng)
        loss = loss + config.type_weight * type_loss(
            patches, share, told, sentences, config.type_temperature
        )
    return loss


def _drawn(
    batch: Batch, table: SentenceTable, config: BridgeConfig, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return sentence vectors, normal then anomalous, and the row of the prompt each belongs to."""
    normal, anomalous = [], []
    for shelf, defect_type in zip(batch.shelves, batch.defect_types, strict=True):
        name = table.draw_name(shelf, rng, config.name_dropout)
        normal.append(_some(table.normal[name], config.sentences, rng))
        said = table.anomalous[name]
        if defect_type and rng.random() < config.typed:
            said = table.typed.get((name, defect_type), table.typed["object", defect_type])
        anomalous.append(_some(said, config.sentences, rng))
    groups = [*normal, *anomalous]
    rows = torch.repeat_interleave(
        torch.arange(len(groups)), torch.tensor([len(group) for group in groups])
    )
    return torch.cat(groups), rows


def _averaged(vectors: Tensor, rows: Tensor) -> Tensor:
    """Return the mean of the vectors [S, T, J] of each row, [S, R, J] unit norm."""
    count = int(rows.max()) + 1
    total = vectors.new_zeros(vectors.shape[0], count, vectors.shape[2])
    return functional.normalize(total.index_add(1, rows, vectors), dim=-1)


def _types(bridge: Bridge, table: SentenceTable, rng: np.random.Generator) -> Tensor:
    """Return one sentence about each type, drawn anew, in the joint space, [S, T, J]."""
    drawn = torch.cat([_some(vectors, 1, rng) for vectors in table.type_vectors])
    stages: Tensor = bridge(drawn).stages
    return stages


def _row(table: SentenceTable, defect_type: str) -> int:
    return table.types.index(defect_type) if defect_type else -1


def _some(vectors: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    chosen = rng.integers(0, len(vectors), size=min(count, len(vectors)))
    return vectors[torch.from_numpy(chosen)]
