"""Detectors for tests of services and views: deterministic maps with numpy only.

It behaves like a real one where callers can see it: the fusion identity holds, the support
calibrates it, a planted defect outranks the rest, tuning reports and can be cancelled, one more
normal picture gives a new object. It keeps no hidden state: ``predictions`` only counts.

There is one for each kind of method: ``raid`` compares with the support, ``h2vlr`` does too and
gives reasons (evidence maps, hyperedges, a residual weight), ``kanoclip`` needs no support,
``adseeker`` does not either and tells types of defect.
"""

import itertools
from dataclasses import dataclass, field, replace

import numpy as np

from adapp.core.errors import UnsupportedRegime
from adapp.core.results import (
    AnomalyResult,
    Calibration,
    DefectTypes,
    Hyperedges,
    NearestNormal,
    Provenance,
    TypeAccuracy,
)
from adapp.methods.registry import METHODS, MethodInfo

GRID = 8
MEMBERS = 4  # of each hyperedge
PROMPTS = ("good part", "part with a scratch", "part with a hole")
GAIN = 2.0  # a difference of half the grey range saturates the map
MARGIN = 0.05
TUNING_STEPS = 5
ZERO_SHOT = ("kanoclip", "adseeker")
TYPES = ("scratch", "missing_part", "stain", "")
ACCURACY = TypeAccuracy(0.41, 0.66, 0.05, 0.16, 812, 19, "outlined defects of other parts")

FAKE_METHODS = {
    "h2vlr": MethodInfo(
        name="h2vlr",
        title="H2VLR",
        regimes=frozenset({"few_shot"}),
        variants=("sab", "full"),
        summary="Reasons over patches and prompts.",
        map_meanings={
            "base": "Text and nearest normal together.",
            "residual": "What the reasoning changed.",
            "fused": "Base plus weighted residual.",
            "text": "How much a patch reads like a defect.",
            "nearest normal": "How far a patch is from the normal parts.",
            "hypergraph": "What the hypergraph says of a patch.",
        },
        uses_part_name=True,
        residual_slider=True,
    ),
    "kanoclip": MethodInfo(
        name="kanoclip",
        title="KAnoCLIP",
        regimes=frozenset({"zero_shot"}),
        variants=("base", "full"),
        summary="Compares a part with words.",
        map_meanings={
            "base": "Text map alone.",
            "residual": "What the adapter changed.",
            "fused": "Both together.",
            "stage": "The map of one depth of the encoder.",
        },
        uses_part_name=True,
    ),
    "adseeker": MethodInfo(
        name="adseeker",
        title="ADSeeker",
        regimes=frozenset({"zero_shot"}),
        variants=("base", "full"),
        summary="Compares a part with words and says what kind of defect it sees.",
        map_meanings={
            "base": "Static prompts alone.",
            "residual": "What sparse prompts and types changed.",
            "fused": "Both together.",
            "location": "The literal ratio.",
            "sparse code": "Attention to the living atoms.",
            "type": "Where the chosen type beats none of these.",
        },
        uses_part_name=True,
    ),
}
"""What the registry would say of the fakes that stand for methods with reasons."""


def _resized(image, height, width):
    """Return ``image`` at another size by picking the nearest pixels."""
    rows = np.arange(height) * image.shape[0] // height
    columns = np.arange(width) * image.shape[1] // width
    return image[rows][:, columns]


def _smoothed(values):
    """Return the mean over each pixel's 3 x 3 neighbourhood."""
    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    shifts = itertools.product(range(3), range(3))
    return sum(padded[r : r + height, c : c + width] for r, c in shifts) / 9.0


def _cells(values):
    """Return the mean of each cell of a GRID x GRID grid."""
    rows = np.array_split(values, GRID, axis=0)
    return np.array([[cell.mean() for cell in np.array_split(row, GRID, axis=1)] for row in rows])


def _differences(image, support):
    """Return the grey difference to each support picture, [k, H, W] in [0, 1]."""
    height, width = image.shape[:2]
    normals = [_resized(normal, height, width) for normal in support]
    return np.stack(
        [
            np.abs(image.astype(np.float32) - n.astype(np.float32)).mean(axis=2) / 255
            for n in normals
        ]
    )


def _score(values):
    """Return the mean of the highest hundredth of a map."""
    count = max(values.size // 100, 1)
    return float(np.sort(values, axis=None)[-count:].mean())


@dataclass(frozen=True)
class FakeFitted:
    """A fake bound to its support; Tunable and Growable."""

    detector: "FakeDetector"
    category: str
    support: tuple
    tuned: bool = False

    @property
    def provenance(self):
        return Provenance(
            method=self.detector.name,
            variant=self.detector.variant,
            preset=self.detector.preset,
            backbone="fake:pixels",
            checkpoint="open",
            checkpoint_sha256="0" * 64,
            trained_on=("nothing",),
            licence="Free to use.",
            seed=self.detector.seed,
            device="cpu",
            dtype="float32",
            type_accuracy=ACCURACY if self.detector.name == "adseeker" else None,
        )

    def calibration(self):
        scores = self._normal_scores()
        basis = "leave_one_out" if len(scores) > 1 else "augmented" if scores else "generic"
        limit = max(scores, default=0.3) + MARGIN
        return Calibration(
            normal_scores=tuple(scores),
            image_threshold=limit,
            pixel_threshold=limit,
            n_normals=len(scores),
            basis=basis,
            note=f"From {len(scores)} normal pictures.",
        )

    def predict(self, query):
        self.detector.predictions.append(query.shape)
        return self._result(query, self.support)

    def predict_batch(self, queries):
        return [self.predict(query) for query in queries]

    def tune(self, report=None):
        for step in range(TUNING_STEPS):
            if report is not None:
                report("Epoch", step, TUNING_STEPS)
        return replace(self, tuned=True)

    def with_normal(self, image):
        return replace(self, support=(*self.support, image))

    def _normal_scores(self):
        if len(self.support) == 1 and self.detector.name not in ZERO_SHOT:
            only = self.support[0]
            return [self._result(np.roll(only, 1, axis=0), self.support).score]
        return [
            self._result(image, self.support[:held] + self.support[held + 1 :]).score
            for held, image in enumerate(self.support)
        ]

    def _result(self, query, support):
        zero_shot = self.detector.name in ZERO_SHOT
        if support and not zero_shot:
            differences = _differences(query, support)
            raw = differences.min(axis=0)
        else:
            differences = None
            raw = np.abs(query.mean(axis=2) - np.median(query)) / 255
        base = np.clip(GAIN * raw, 0, 1).astype(np.float32)
        pull = 1.0 if self.tuned else 0.5
        residual = (pull * (_smoothed(base) - base)).astype(np.float32)
        weight = 0.4 if self.detector.name == "h2vlr" else 1.0
        fused = np.clip(base + weight * residual, 0, 1)
        return AnomalyResult(
            base_map=base,
            residual_map=residual,
            residual_weight=weight,
            fused_map=fused,
            score=_score(fused),
            score_range=(0.0, 2.0) if self.detector.name == "kanoclip" else (0.0, 1.0),
            provenance=self.provenance,
            evidence=_evidence(self.detector.name, base),
            nearest_normal=None if differences is None else _nearest(differences),
            hyperedges=_hyperedges(query, base) if self.detector.name == "h2vlr" else None,
            defect_types=_types(base) if self.detector.name == "adseeker" else None,
            category=self.category,
        )


def _evidence(name, base):
    """Return the named maps that the method ``name`` would give."""
    if name == "h2vlr":
        return {
            "text": base**2,
            "nearest normal": np.sqrt(base),
            "hypergraph": _smoothed(base).astype(np.float32),
        }
    if name == "kanoclip":
        return {f"stage {stage}": (base * stage / 9).astype(np.float32) for stage in (3, 5, 7, 9)}
    if name == "adseeker":
        return {"location": np.sqrt(base), "sparse code": base**2, "type": base}
    return {"difference": base}


def _types(base):
    """Return scratches where the base map is high, next missing parts, and nothing elsewhere."""
    cells = _cells(base)
    flat = np.zeros_like(cells)
    logits = np.stack([8 * cells, 4 * cells, flat, flat + 1], axis=2)
    return DefectTypes(TYPES, logits.astype(np.float32), chosen="scratch")


def _hyperedges(query, base):
    """Return hyperedges by grey value; each prompt of a defect claims the most unusual cells."""
    grey = _cells(query.mean(axis=2)).reshape(-1)
    distances = np.abs(grey[:, None] - grey[None, :])
    np.fill_diagonal(distances, np.inf)
    neighbours = np.argsort(distances, axis=1, kind="stable")[:, :MEMBERS]
    similarity = 1 - np.take_along_axis(distances, neighbours, axis=1) / 255
    order = np.argsort(-_cells(base).reshape(-1), kind="stable")
    claimed = np.stack([order[-MEMBERS:], order[:MEMBERS], order[1 : MEMBERS + 1]])
    return Hyperedges(
        grid=(GRID, GRID),
        neighbours=neighbours.astype(np.int32),
        similarity=similarity.astype(np.float32),
        prompts=PROMPTS,
        abnormal=np.array([False, True, True]),
        claimed=claimed.astype(np.int32),
        claim_similarity=np.linspace(0.9, 0.5, 3 * MEMBERS, dtype=np.float32).reshape(3, -1),
        weights=np.array([0.75, 1.5, 0.75], dtype=np.float32),
    )


def _nearest(differences):
    costs = np.stack([_cells(difference) for difference in differences])
    centres = ((np.arange(GRID) + 0.5) / GRID).astype(np.float32)
    row, column = np.meshgrid(centres, centres, indexing="ij")
    return NearestNormal(
        support_index=costs.argmin(axis=0).astype(np.int32),
        row=row,
        column=column,
        cost=costs.min(axis=0).astype(np.float32),
        normal_cost=0.05,
        patch_fraction=(1 / GRID, 1 / GRID),
    )


@dataclass(frozen=True)
class FakeDetector:
    """A detector that compares grey values: with the support, or with the picture's own median.

    ``predictions`` holds the shape of every query its fitted detectors were asked about.
    """

    name: str = "raid"
    variant: str = "full"
    preset: str = "tiny"
    seed: int = 0
    size: int = 64
    regimes: frozenset = frozenset({"few_shot"})
    predictions: list = field(default_factory=list, compare=False)
    fits: list = field(default_factory=list, compare=False)

    def fit(self, support):
        if not support.images and "zero_shot" not in self.regimes:
            msg = f"{self.name} compares with normal parts. Add 1 to 8 normal pictures."
            raise UnsupportedRegime(msg)
        self.fits.append(len(support.images))
        return FakeFitted(self, support.category, tuple(support.images))


class FakeLoader:
    """A loader for ``DetectorPool``; ``loaded`` holds the options of every call.

    ``regimes`` are those of every detector; None gives each those of its method.
    """

    def __init__(self, regimes=None):
        self.regimes = regimes
        self.loaded = []
        self.detectors = []

    def __call__(self, name, *, preset, checkpoint, variant, size, seed):
        self.loaded.append((name, preset, checkpoint, variant, size, seed))
        known = FAKE_METHODS.get(name, METHODS.get(name))
        regimes = self.regimes or (known.regimes if known else frozenset({"few_shot"}))
        detector = FakeDetector(name, variant or "full", preset, seed, size or 64, regimes=regimes)
        self.detectors.append(detector)
        return detector


def part(number, height=60, width=80, defect=None):
    """Return a synthetic part, RGB [height, width, 3], different for each ``number``.

    ``defect`` is a half-open box (row 0, column 0, row 1, column 1) painted bright.
    """
    rng = np.random.default_rng(number)
    rows, columns = np.mgrid[:height, :width]
    grey = 90 + 20 * np.sin(rows / 7) + 20 * np.cos(columns / 9)
    image = np.repeat((grey + rng.normal(0, 2, (height, width)))[:, :, None], 3, axis=2)
    if defect is not None:
        row0, column0, row1, column1 = defect
        image[row0:row1, column0:column1] = 250
    return np.clip(image, 0, 255).astype(np.uint8)
