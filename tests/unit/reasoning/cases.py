"""Requests for the reasoners' tests: an anomalous part, a normal one, pages of both kinds."""

import numpy as np

from adapp.core.reasoner import (
    NormalMatch,
    Passage,
    ReasoningRequest,
    RegionFact,
    ResultFacts,
    TypeProbability,
)

SIZE = (90, 120)
SCRATCH = Passage(
    id="bottle/scratch",
    title="Scratch on a bottle",
    text="Scratch on a bottle\nA thin bright line.\nLikely causes:\n- A worn guide rail.",
    score=0.713,
    trusted=True,
    canonical="scratch",
    aspects={
        "description": ("A thin bright line with sharp edges runs over the shoulder.",),
        "causes": ("A worn guide rail rubs on the shoulder.", "Bottles strike each other."),
        "consequences": ("The glass breaks more easily under pressure.",),
        "checks": ("Feel along the line with a fingernail.", "Inspect the guide rails."),
    },
    picture=np.full((60, 40, 3), 240, dtype=np.uint8),
)
HOLE = Passage(
    id="bottle/hole",
    title="Hole in a bottle",
    text="Hole in a bottle",
    score=0.55,
    trusted=True,
    canonical="hole",
    aspects={"causes": ("A bubble burst while the glass was blown.",)},
)
SOUND = Passage(
    id="bottle/sound",
    title="A sound bottle",
    text="A sound bottle",
    score=0.5,
    trusted=True,
    canonical="normal",
    aspects={
        "description": ("A closed ring of even brightness.",),
        "variation": ("Reflections of the lamp move with the position.",),
        "checks": ("Compare the ring with a gauge.",),
    },
)
REGIONS = (
    RegionFact(
        box=(5, 80, 25, 115),
        area_fraction=0.0193,
        peak_value=0.934,
        types=(
            TypeProbability("scratch", 0.64),
            TypeProbability("cut", 0.21),
            TypeProbability("", 0.1),
        ),
        match=NormalMatch(picture=3, cost=0.41, cost_ratio=4.12),
    ),
    RegionFact(box=(40, 50, 50, 60), area_fraction=0.0004, peak_value=0.71),
)


def passage(text, *, page_id="user/notes", title="Notes", score=0.6, trusted=False, **more):
    """Return a page of a user's own with ``text``."""
    return Passage(id=page_id, title=title, text=text, score=score, trusted=trusted, **more)


def facts(label="anomalous", **more):
    """Return a verdict that fits its own numbers."""
    score = 0.823 if label == "anomalous" else 0.314
    known = {"normals_below": 4 if label == "anomalous" else 1, "n_normals": 4}
    return ResultFacts(
        label=label,
        score=score,
        threshold=0.612,
        method="RAID",
        **{"category": "bottle", "basis": "leave_one_out", **known, **more},
    )


def anomaly_map():
    """Return a map with a hot spot at the top right, [H, W]."""
    values = np.full(SIZE, 0.1, dtype=np.float32)
    values[5:25, 80:115] = 0.9
    return values


def query():
    """Return a picture with structure, [H, W, 3]."""
    rng = np.random.default_rng(7)
    picture = rng.integers(60, 120, (*SIZE, 3), dtype=np.uint8)
    picture[5:25, 80:115] = 220
    return picture


def request(question="What is it?", label="anomalous", **more):
    """Return a request about an anomalous part (two regions), or a normal one (none)."""
    given = {
        "facts": facts(label),
        "anomaly_map": anomaly_map(),
        "regions": REGIONS if label == "anomalous" else (),
        "passages": (SCRATCH, HOLE) if label == "anomalous" else (SOUND, SCRATCH),
    }
    return ReasoningRequest(question=question, query=query(), **{**given, **more})
