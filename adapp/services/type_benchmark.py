"""How often a method names the right type of defect, on pictures whose defects are known by type.

Two kinds of pictures: test pictures with an outlined defect whose folder tells its type (``real``),
and good pictures with a defect drawn on them (``drawn``). Of each, two figures: with the true
outline as the region (``outlined``), and with the regions that the app would show with their
types (``shown``): above the region threshold, in a picture with an anomalous verdict, and touching
the true outline.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

import adapp
from adapp.core.detector import Detector, Report, SupportSet
from adapp.core.errors import BadImage, UsageError
from adapp.core.reasoner import TypeProbability
from adapp.core.results import AnomalyResult, BinaryMask, Calibration
from adapp.data.dataset import Category, Sample, load_mask, read_roots
from adapp.data.selection import limited_queries
from adapp.data.synthetic import DEFECT_TYPES, SyntheticAnomalies
from adapp.evaluation.type_naming import CHANCE, NamedDefect, figures
from adapp.methods.adseeker.vocabulary import NONE, canonical
from adapp.services.benchmark import write_json
from adapp.services.benchmark_run import DetectorFactory, EvaluationRequest, source_commit
from adapp.services.export import provenance_json
from adapp.services.measurement import decoded
from adapp.services.region_types import region_types, types_where
from adapp.services.regions import Region, regions
from adapp.services.support import draw_support, shared_window

Json: TypeAlias = dict[str, Any]
SOURCES: Final = ("real", "drawn")
DRAWN: Final = 10
"""Defects drawn of each type and category."""


@dataclass(slots=True, eq=False)
class Tally:
    """What was found on the pictures of one source.

    Attributes:
        outlined: One entry for each picture, its true outline taken as the region.
        shown: One for each region that touches an outline, where the app shows types.
        found: Pictures with such a region.
    """

    outlined: list[NamedDefect] = field(default_factory=list[NamedDefect])
    shown: list[NamedDefect] = field(default_factory=list[NamedDefect])
    found: int = 0

    def add(self, truth: str, mask: BinaryMask, result: AnomalyResult, limits: Calibration) -> None:
        """Count a picture with one defect."""
        self.outlined.append(_named(truth, types_where(result, mask.astype(np.float32))))
        if result.score <= limits.image_threshold:
            return
        limit = limits.pixel_threshold
        fused = result.fused_map
        met = [one for one in regions(fused, limit) if _meets(one, (fused > limit) & mask)]
        self.shown += [_named(truth, region_types(result, one, limit)) for one in met]
        self.found += bool(met)

    def join(self, other: "Tally") -> None:
        """Add what another tally holds."""
        self.outlined += other.outlined
        self.shown += other.shown
        self.found += other.found

    def told(self, known: Sequence[str]) -> Json:
        """Return the figures; see ``figures``."""
        return {
            "outlined": figures(self.outlined, known),
            "shown": figures(self.shown, known),
            "pictures": len(self.outlined),
            "pictures_shown": self.found,
        }


def measure_types(
    request: EvaluationRequest,
    *,
    json_path: Path | None = None,
    report: Report | None = None,
    factory: DetectorFactory = adapp.load_detector,
) -> Json:
    """Return how often the right type is named in each category and in all, and write it if asked.

    Args:
        request: What to measure; normal pictures (``shots``) set the thresholds where a category
            has some.
        json_path: File to write.
        report: Told the category at work and those finished of all.
        factory: Loads the detector.

    Raises:
        UsageError: If there is no data or the method names no types.
        ModelUnavailable: If the preset's weights are not on this machine.
        CheckpointMismatch: If the checkpoint does not fit.
    """
    dataset = read_roots(request.roots)
    detector = request.load(factory)
    rows: dict[str, Json] = {}
    pooled = {source: Tally() for source in SOURCES}
    runs = [_CategoryRun(detector, category, request) for category in dataset.categories]
    for number, run in enumerate(runs):
        if report is not None:
            report(run.category.name, number, len(runs))
        tallies = run.tallies()
        rows[run.category.name] = run.row(tallies)
        for source, tally in tallies.items():
            pooled[source].join(tally)
    known = max((run.known for run in runs), key=len)
    result: Json = {
        "method": request.method,
        "preset": request.preset,
        "variant": detector.variant,
        "shots": request.shots,
        "seed": request.seed,
        "limit": request.limit,
        "types": list(known),
        "chance": CHANCE,
        "categories": rows,
        "pooled": {source: tally.told(known) for source, tally in pooled.items()},
        "skipped": dict(dataset.skipped),
        "provenance": {**provenance_json(runs[0].fitted.provenance), "commit": source_commit()},
    }
    if json_path is not None:
        write_json(result, json_path)
    return result


class _CategoryRun:
    """One category measured.

    Args:
        detector: The method, loaded.
        category: What is measured.
        request: How.
    """

    def __init__(self, detector: Detector, category: Category, request: EvaluationRequest) -> None:
        self.category, self.request = category, request
        self.known: tuple[str, ...] = ()
        self._left_out: Counter[str] = Counter()
        self._rejected: dict[str, str] = {}
        queries = limited_queries(category, request.limit, request.seed)
        self._typed = [one for one in queries if one.label == 1 and self._tells(one)]
        self._good = [one for one in queries if one.label == 0]
        self._window = shared_window((*category.train_normal, *queries))
        support = draw_support(category, request.shots, request.seed, self._window)
        self._support = [sample.path.name for sample in support.samples]
        self.fitted = detector.fit(SupportSet(category.part, support.images))
        self._limits = self.fitted.calibration()

    def tallies(self) -> dict[str, Tally]:
        """Return what was found, by source."""
        found = {source: Tally() for source in SOURCES}
        for sample, result, mask in self._predicted():
            found["real"].add(canonical(sample.defect_type), mask, result, self._limits)
        for truth, result, mask in self._drawn():
            found["drawn"].add(truth, mask, result, self._limits)
        return found

    def row(self, tallies: Mapping[str, Tally]) -> Json:
        """Return the category's part of the JSON."""
        name = self.category.name
        trained_on = self.fitted.provenance.trained_on
        folders = Counter(sample.defect_type for sample in self._typed)
        return {
            "in_training_data": name in trained_on or name.split("/")[0] in trained_on,
            "folders": {
                folder: {"counted_as": canonical(folder), "pictures": count}
                for folder, count in sorted(folders.items())
            },
            "left_out": dict(self._left_out),
            "rejected": self._rejected,
            "support": self._support,
            "threshold": self._limits.basis,
            **{source: tally.told(self.known) for source, tally in tallies.items()},
        }

    def _tells(self, sample: Sample) -> bool:
        """Return whether a picture's type and outline are known; count it if not."""
        if canonical(sample.defect_type) == NONE:
            self._left_out[f"no known type: {sample.defect_type}"] += 1
        elif sample.mask_path is None:
            self._left_out["without mask"] += 1
        else:
            return True
        return False

    def _predicted(self) -> Iterator[tuple[Sample, AnomalyResult, BinaryMask]]:
        for batch in decoded(self._typed, self._window, self._rejected):
            results = self.fitted.predict_batch([image.pixels for _, image in batch])
            for (sample, image), result in zip(batch, results, strict=True):
                self.known = _known(result)
                height, width = image.pixels.shape[:2]
                try:
                    mask = load_mask(sample, height, width)
                except BadImage as error:
                    self._rejected[f"mask of {sample.path.name}"] = str(error)
                    continue
                if mask is None or not mask.any():
                    self._left_out["empty mask"] += 1
                else:
                    yield sample, result, mask

    def _drawn(self) -> Iterator[tuple[str, AnomalyResult, BinaryMask]]:
        """Draw every type in turn on good pictures in turn; what cannot show one is left out."""
        rng = np.random.default_rng([self.request.seed, *self.category.name.encode()])
        batches = decoded(self._good[: DRAWN * len(DEFECT_TYPES)], self._window, self._rejected)
        good = [image.pixels for batch in batches for _, image in batch]
        synthetic = SyntheticAnomalies()
        for number in range(DRAWN * len(DEFECT_TYPES) if good else 0):
            wanted = DEFECT_TYPES[number % len(DEFECT_TYPES)]
            made = synthetic.make(good[number % len(good)], rng, defect_type=wanted)
            if made.defect_type != wanted:
                self._left_out[f"cannot show: {wanted}"] += 1
                continue
            result = self.fitted.predict(made.image)
            self.known = _known(result)
            yield wanted, result, made.mask


def _known(result: AnomalyResult) -> tuple[str, ...]:
    """Return the types that a result tells apart.

    Raises:
        UsageError: If it tells none.
    """
    known = () if result.defect_types is None else result.defect_types.names[:-1]
    if not known:
        ran = result.provenance
        msg = f"{ran.method} ({ran.variant}) names no types of defect: choose adseeker's full."
        raise UsageError(msg)
    return known


def _named(truth: str, told: Sequence[TypeProbability]) -> NamedDefect:
    return NamedDefect(truth, tuple(one.name for one in told if one.name), not told[0].name)


def _meets(region: Region, defect: BinaryMask) -> bool:
    """Return whether a region holds a pixel of the defect."""
    row0, column0, row1, column1 = region.box
    return bool(defect[row0:row1, column0:column1].any())
