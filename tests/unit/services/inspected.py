"""Inspections by the fake detector, held in memory."""

from dataclasses import replace

import numpy as np

from adapp.core.detector import SupportSet
from adapp.core.results import DefectTypes
from adapp.data.images import LoadedImage
from adapp.services.inspection import Inspection, InspectionRequest, QueryOutcome
from tests.fakes import FakeDetector, part

DEFECT = (10, 20, 30, 50)


def loaded(pixels, name):
    pixels.flags.writeable = False  # as the loader hands them out
    return LoadedImage(name, None, pixels, original_size=pixels.shape[:2])


def typed(run, shares):
    """Return ``run`` with these type probabilities all over its pictures.

    ``shares`` are by canonical name, "" stands for none of these; nothing else has a chance.
    """
    names = (*(name for name in shares if name), "")
    chances = np.array([shares.get(name, 1e-9) for name in names])
    logits = np.broadcast_to(np.log(chances), (4, 4, len(names))).astype(np.float32)
    outcomes = tuple(
        replace(one, result=replace(one.result, defect_types=DefectTypes(names, logits)))
        for one in run.outcomes
    )
    return replace(run, outcomes=outcomes)


def inspection(*, category="plate", defect=DEFECT, name="bad.png", normals=3, detector="raid"):
    """Return a run over one part with a planted defect, or a sound one if it is None."""
    support = tuple(loaded(part(number), f"n{number}.png") for number in range(normals))
    regimes = frozenset({"few_shot", "zero_shot"})
    made = FakeDetector(detector, regimes=regimes)
    fitted = made.fit(SupportSet(category, [image.pixels for image in support]))
    image = loaded(part(8, defect=defect), name)
    return Inspection(
        request=InspectionRequest(detector, "tiny", "open", category, (), ()),
        support=support,
        rejected=(),
        outcomes=(QueryOutcome(image, fitted.predict(image.pixels), 0.1),),
        calibration=fitted.calibration(),
        provenance=fitted.provenance,
        notes=(),
        seconds={},
    )
