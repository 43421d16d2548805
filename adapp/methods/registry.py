"""The one place that lists the methods and builds them; heavy imports happen inside."""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from adapp.core.detector import Report
from adapp.core.errors import UsageError
from adapp.core.results import Regime
from adapp.core.settings import PRESETS
from adapp.methods.benchmarking import BenchPlan, Json

if TYPE_CHECKING:
    from adapp.core.detector import Detector
    from adapp.training.request import TrainingRequest


class Build(Protocol):
    """``build.build`` of a method."""

    def __call__(
        self, preset: str, checkpoint: str, variant: str | None, size: int | None, seed: int
    ) -> "Detector":
        """Return the detector; see ``load``."""
        ...


class Run(Protocol):
    """``train.run`` of a method."""

    def __call__(
        self, request: "TrainingRequest", *, resume: bool, report: Report | None = None
    ) -> Path:
        """Train and return the path of the checkpoint."""
        ...


class Measure(Protocol):
    """``benchmark.measure`` of a method."""

    def __call__(self, preset: str, checkpoint: str, plan: BenchPlan, report: Report) -> Json:
        """Return ratios with the absolute values beside them."""
        ...


MOST_SEED = 2**31 - 1
"""Largest seed that every library behind the methods takes."""

UNNAMED_PART = "object"
"""What a prompt calls a part whose name was not given."""


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """What a person should know before choosing a method.

    Attributes:
        name: Registry key.
        title: Name as published.
        regimes: Support regimes it is defined for.
        variants: Ablation ladder; the last is the default.
        summary: One sentence.
        map_meanings: What its base, residual and fused map and its evidence maps show, in words.
            A key may leave out the number at the end: ``stage`` explains ``stage 3``.
        uses_part_name: Whether the name of the part goes into its prompts; an empty one becomes
            ``UNNAMED_PART``.
        residual_slider: Whether its residual has a weight that a view may change (eta).
    """

    name: str
    title: str
    regimes: frozenset[Regime]
    variants: tuple[str, ...]
    summary: str
    map_meanings: Mapping[str, str]
    uses_part_name: bool = False
    residual_slider: bool = False

    @property
    def needs_support(self) -> bool:
        """Whether it does not run without normal pictures."""
        return "zero_shot" not in self.regimes

    @property
    def learns_support(self) -> bool:
        """Whether normal pictures change its maps; else they only calibrate the threshold."""
        return self.regimes != {"zero_shot"}

    def meaning(self, name: str) -> str:
        """Return what the map called ``name`` shows, one sentence."""
        kind = re.sub(r"\s*\d+$", "", name)
        told = self.map_meanings.get(name) or self.map_meanings.get(kind)
        return told or f"An intermediate map of {self.title}: {name}."


@dataclass(frozen=True, slots=True)
class Reference:
    """A row that tables show beside the methods: trained and evaluated by name, not in the app.

    Attributes:
        name: What ``train`` and ``evaluate`` call it.
        variants: Ways of scoring a picture; the last is the default.
        trainer: Module whose ``run`` trains it.
    """

    name: str
    variants: tuple[str, ...]
    trainer: str


METHODS: dict[str, MethodInfo] = {
    "raid": MethodInfo(
        name="raid",
        title="RAID",
        regimes=frozenset({"few_shot", "full_shot"}),
        variants=("retrieval", "cross_attention", "guidance_moe", "full"),
        summary=(
            "Finds for every patch the most similar patches of your good parts, then filters the "
            "matching noise with a guided mixture of experts."
        ),
        map_meanings={
            "base": "Distance to the nearest normal patch, scaled by how much your normals differ.",
            "residual": "What the trained filter added to or took from that distance.",
            "fused": "The filtered map: where the part is unlike the good ones.",
        },
    ),
    "h2vlr": MethodInfo(
        name="h2vlr",
        title="H2VLR",
        regimes=frozenset({"few_shot", "full_shot"}),
        variants=("sab", "dsi", "sghm", "full"),
        summary=(
            "Reads every patch against your good parts and against prompts about its defects, "
            "then lets a hypergraph of alike patches and prompts correct the map."
        ),
        map_meanings={
            "base": "Text map and nearest normal in equal parts, before any reasoning.",
            "residual": "What the hypergraph adds (positive) or takes away (negative).",
            "fused": "Base plus eta times residual, kept between 0 and 1.",
            "text": "How much a patch reads like one of the defects that the prompts describe.",
            "nearest normal": "How far a patch is from the most similar patch of the good parts.",
            "hypergraph": "What a patch looks like together with the patches it is grouped with.",
        },
        uses_part_name=True,
        residual_slider=True,
    ),
    "kanoclip": MethodInfo(
        name="kanoclip",
        title="KAnoCLIP",
        regimes=frozenset({"zero_shot"}),
        variants=("base", "knpl", "vv", "bicmci", "full"),
        summary=(
            "Needs no good part: compares every patch with learned prompts about the part you "
            "name, after text and patches looked at each other."
        ),
        map_meanings={
            "base": "How much a patch reads as abnormal rather than normal, by prompts alone.",
            "residual": "What the interaction of text and patches added to or took from that.",
            "fused": "Both together, averaged over four depths of the encoder.",
            "stage": "The map of one depth of the encoder alone.",
        },
        uses_part_name=True,
    ),
    "adseeker": MethodInfo(
        name="adseeker",
        title="ADSeeker",
        regimes=frozenset({"zero_shot"}),
        variants=("base", "obj", "cls", "obj_cls", "full"),
        uses_part_name=True,
        summary=(
            "Needs no good part: finds what stands out from prompts and from the part itself, and "
            "says which type of defect each region looks like."
        ),
        map_meanings={
            "base": "How much a patch reads as abnormal rather than normal, by fixed prompts.",
            "residual": "What sparse prompts, types and learned words added to or took from that.",
            "fused": "Both together: where the expert places the defect.",
            "location": "How near a patch is to the abnormal prompt, as the paper's plain ratio.",
            "sparse code": "How much a patch listens to the sparse prompts of this picture.",
            "type": "Where the likeliest type of defect beats none of these.",
        },
    ),
}

REFERENCES: dict[str, Reference] = {
    "bridge": Reference("bridge", ("top", "head"), "adapp.auxiliary.bridge_training"),
    "linear_floor": Reference("linear_floor", ("top", "median"), "adapp.auxiliary.linear_floor"),
}


def check(name: str, *, variant: str | None = None, seed: int = 0) -> MethodInfo | Reference:
    """Return what ``name`` stands for, before anything heavy is done with it.

    Args:
        name: Registry key, or the name of a reference.
        variant: Step of its ladder; None stands for its default.
        seed: Seed of everything random.

    Raises:
        UsageError: If the method or the variant does not exist, or the seed is out of range.
    """
    info = REFERENCES[name] if name in REFERENCES else _method(name)
    if variant is not None and variant not in info.variants:
        msg = f"{name} has no variant {variant!r}; choose one of {', '.join(info.variants)}"
        raise UsageError(msg)
    if not 0 <= seed <= MOST_SEED:
        msg = f"seed {seed} is out of range; choose one from 0 to {MOST_SEED}"
        raise UsageError(msg)
    return info


def load(
    name: str,
    *,
    preset: str = "embedded",
    checkpoint: str = "open",
    variant: str | None = None,
    size: int | None = None,
    seed: int = 0,
) -> "Detector":
    """Return the detector ``name`` with its weights loaded and frozen; see ``load_detector``."""
    info = check(name, variant=variant, seed=seed)
    if preset not in PRESETS:
        msg = f"preset {preset!r} does not exist; choose one of {', '.join(PRESETS)}"
        raise UsageError(msg)
    if isinstance(info, Reference):
        return _reference(name, preset, checkpoint, variant, size, seed)
    build: Build = _part(name, "build").build
    return build(preset, checkpoint, variant, size, seed)


def train(
    name: str,
    *,
    preset: str,
    variant: str | None,
    roots: tuple[Path, ...],
    out: Path,
    epochs: int | None,
    seed: int,
    leave_out: tuple[str, ...] = (),
    multi_class: bool = False,
    resume: bool = False,
    report: Report | None = None,
) -> Path:
    """Train ``name`` and return the path of the checkpoint.

    Args:
        name: Registry key, or the name of a reference.
        preset: Frozen encoder.
        variant: Step of the ladder to train; None trains the complete method.
        roots: Data set folders.
        out: Checkpoint to write, ``*.safetensors``.
        epochs: Passes over the episodes; None takes the method's own number.
        seed: Seed of everything random.
        leave_out: Categories ("set/category") that must not be seen.
        multi_class: Train self-supervised on the ``train/good`` pictures of these very
            categories (the paper's main setting) and not for categories never seen.
        resume: Go on with an interrupted training.
        report: Progress callback.

    Raises:
        UsageError: If the method, variant, seed or data does not work.
    """
    info = check(name, variant=variant, seed=seed)
    from adapp.training.request import TrainingRequest

    request = TrainingRequest(
        preset=preset,
        variant=variant or info.variants[-1],
        roots=roots,
        out=out,
        epochs=epochs,
        seed=seed,
        leave_out=leave_out,
        multi_class=multi_class,
    )
    trainer = info.trainer if isinstance(info, Reference) else f"adapp.methods.{name}.train"
    run: Run = importlib.import_module(trainer).run
    return run(request, resume=resume, report=report)


def benchmark(name: str, *, preset: str, checkpoint: str, plan: BenchPlan, report: Report) -> Json:
    """Return what ``name`` costs on this machine: ratios, each with the absolute values beside it.

    Raises:
        UsageError: If the method does not exist.
        ModelUnavailable: If the preset's weights are not on this machine.
        Cancelled: If ``report`` raises it.
    """
    _method(name)
    measure: Measure = _part(name, "benchmark").measure
    return measure(preset, checkpoint, plan, report)


def _method(name: str) -> MethodInfo:
    if name not in METHODS:
        msg = f"method {name!r} does not exist; choose one of {', '.join(METHODS)}"
        raise UsageError(msg)
    return METHODS[name]


def _reference(
    name: str, preset: str, checkpoint: str, variant: str | None, size: int | None, seed: int
) -> "Detector":
    from adapp.auxiliary import reference

    return reference.build(name, preset, checkpoint, variant, size, seed)


def _part(name: str, part: str) -> Any:  # noqa: ANN401 - a module of a method's folder
    """Return a module of a method's folder; all methods have the same file names."""
    return importlib.import_module(f"adapp.methods.{name}.{part}")
