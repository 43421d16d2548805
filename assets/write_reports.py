"""Write ``docs/evidence-reports.md``: ten evidence reports beside the evidence they rest on.

``python assets/write_reports.py [DATA]``; DATA is a folder of development categories in MVTec's
layout, whose pictures are named in the page and never copied into it.
"""

import sys
from pathlib import Path

from adapp.auxiliary.names import part_names
from adapp.core.reasoner import RegionFact, Topic
from adapp.core.settings import PROJECT_ROOT
from adapp.data.dataset import read_root
from adapp.reasoning.choose import ReasonerOptions, choose
from adapp.reasoning.question import QUICK_QUESTIONS
from adapp.services.case import Case, case_of
from adapp.services.examples import examples
from adapp.services.explaining import Answer, Explainer, Question, answer
from adapp.services.inspection import InspectionRequest, drain, inspect
from adapp.services.pool import DetectorPool
from adapp.services.regions import Thresholds

TARGET = PROJECT_ROOT / "docs" / "evidence-reports.md"
REPORTS = 10
DEVELOPMENT = 3
HEAD = """# Ten evidence reports

Made by `python assets/write_reports.py`: RAID, preset `embedded`, checkpoint `open`, four normal
parts each. No language model wrote any of this; each statement is to be read against the evidence
above it; each page links to the entry that holds its words. The similarity of pages about the part
that is named holds their head start of 0.1. Pictures of the project are named by
their path below `assets/`, development pictures by data set, category and file; those are not part
of the repository.
"""
TOPICS: tuple[Topic, ...] = ("what", "why", "consequences", "checks", "false_alarm")


def main(data: Path | None) -> None:
    """Write the page."""
    pool = DetectorPool()
    explainer = Explainer("embedded", reasoner=lambda: choose("evidence", ReasonerOptions()))
    parts = [HEAD]
    for number, (told, request) in enumerate(_requests(data)[:REPORTS], start=1):
        found = drain(inspect(request, pool))
        case = case_of(found, 0, Thresholds.of(found.calibration))
        topic = TOPICS[(number - 1) % len(TOPICS)]
        question = QUICK_QUESTIONS["en"][topic]
        final = answer(explainer.ask(case, Question(question, topic)))
        parts.append(_report(number, told, question, case, final))
        sys.stderr.write(f"{number} {told}\n")
    TARGET.write_text("\n".join(parts), encoding="utf-8")


def _requests(data: Path | None) -> list[tuple[str, InspectionRequest]]:
    """Return what to inspect and where it is from: development pictures first."""
    wanted = []
    for category in [] if data is None else read_root(data).categories:
        if len(category.train_normal) < 4 or len(wanted) == DEVELOPMENT:
            continue
        sample = next(one for one in category.test if one.label == 1)
        support = tuple(one.path for one in category.train_normal[:4])
        told = f"{category.name}, {sample.defect_type}/{sample.path.name} (development picture)"
        wanted.append((told, _request(part_names(category.name)[0], support, sample.path)))
    rendered = [one for one in examples() if "elpv" not in one.credit.lower()]
    for turn in range(3):
        for example in rendered:
            if turn < len(example.query):
                path = example.query[turn]
                told = f"{path.parent.name}/{path.name} (rendered by the project)"
                wanted.append((told, _request(example.category, example.support, path)))
    return wanted


def _request(part: str, support: tuple[Path, ...], query: Path) -> InspectionRequest:
    return InspectionRequest("raid", "embedded", "open", part, support, (query,))


def _report(number: int, told: str, question: str, case: Case, final: Answer) -> str:
    facts = case.facts
    lines = [
        f"## {number}. {told}",
        "",
        f"Part name given: {facts.category}. Question: {question}",
        "",
        "| evidence | value |",
        "|---|---|",
        f"| verdict | {facts.label}, score {facts.score:.3f}, threshold {facts.threshold:.3f} |",
        f"| normal parts that score lower | {facts.normals_below} of {facts.n_normals} |",
        *(_region(at, one) for at, one in enumerate(case.regions[:3], start=1)),
        f"| regions in all | {len(case.regions)} |",
        *(f"| page {_link(one.page.id)} | similarity {one.score:.3f} |" for one in final.pages),
        "",
        *(f"> {line}".rstrip() for line in final.explanation.text.split("\n")),
        "",
    ]
    return "\n".join(lines)


def _link(page: str) -> str:
    """Return a page's id as a link to the entry that holds its words."""
    return f"[{page}](../assets/knowledge/{page.split('/', maxsplit=1)[0]}.json)"


def _region(at: int, region: RegionFact) -> str:
    row0, column0, row1, column1 = region.box
    match = ""
    if region.match is not None and region.match.cost_ratio is not None:
        ratio = f"{region.match.cost_ratio:.2f} x the largest normal cost"
        match = f"; nearest normal part {region.match.picture}, {ratio}"
    place = f"rows {row0}-{row1 - 1}, columns {column0}-{column1 - 1}, {_size(region)}"
    return f"| region {at} | {place}, peak {region.peak_value:.3f}{match} |"


def _size(region: RegionFact) -> str:
    return f"{100 * region.area_fraction:.2f} % area"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
