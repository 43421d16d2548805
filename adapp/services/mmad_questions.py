"""MMAD's questions: read from its file, checked against the pictures there, drawn by category.

The file ``mmad.json`` maps the path of a picture (data set, category, ...) to its questions, each
with options, the letter of the right one and a type, and to paths of normal pictures. It lies
beside the folders of the data sets.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any, Final

from adapp.core.errors import UsageError
from adapp.data.listing import subfolders
from adapp.data.samples import NORMAL, Category, Sample
from adapp.data.selection import limited_queries
from adapp.reasoning.letters import LETTERS

FILE: Final = "mmad.json"
QUESTIONS: Final = 39_672
"""Questions of the published file."""
_DEPTH = 3  # folders below a root in which the file is looked for
_SETS = {"DS-MVTec": "MVTec AD", "MVTec-AD": "MVTec AD"}  # one set, one part of it with new masks
_TASKS = {
    "anomaly detection": "discrimination",
    "defect classification": "defect_classification",
    "defect localization": "defect_localization",
    "defect description": "defect_description",
    "defect analysis": "defect_analysis",
    "object classification": "object_classification",
    "object structure": "object_analysis",
    "object details": "object_analysis",
    "object analysis": "object_analysis",
}


@dataclass(frozen=True, slots=True)
class MmadQuestion:
    """One multiple-choice question.

    Attributes:
        id: Picture and number of the question about it; the journal's key.
        image: Path of the picture below the file's folder.
        template: Path of the normal picture shown beside it, likewise: the first random one.
        dataset: Data set.
        category: Kind of part; never shown to a model.
        normal: Whether the picture shows a sound part, as its folder says.
        task: One of ``multiple_choice.TASKS``.
        text: The question.
        options: Texts of the options, in the order of the file.
        answer: Position of the right one.
    """

    id: str
    image: str
    template: str
    dataset: str
    category: str
    normal: bool
    task: str
    text: str
    options: tuple[str, ...]
    answer: int


@dataclass(frozen=True, slots=True)
class MmadFile:
    """The questions that can be asked.

    Attributes:
        root: Folder of the file; paths of pictures start there.
        digest: SHA-256 of the file.
        questions: Questions whose pictures are there, in the order of the file.
        total: Questions in the file.
        remarks: What was left out and why, a sentence each.
    """

    root: Path
    digest: str
    questions: tuple[MmadQuestion, ...]
    total: int
    remarks: tuple[str, ...]


def find_file(roots: Sequence[Path]) -> Path | None:
    """Return the question file in one of ``roots`` or up to three folders deeper; None if none is.

    Raises:
        UsageError: If a root is no folder.
    """
    for root in roots:
        folder = root.expanduser()
        if not folder.is_dir():
            msg = f"The data folder {root} does not exist: give the folder that holds {FILE}."
            raise UsageError(msg)
        found = next(_search(folder, _DEPTH), None)
        if found is not None:
            return found
    return None


def _search(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / FILE).is_file():
        yield folder / FILE
    elif depth:
        for child in subfolders(folder):
            yield from _search(child, depth - 1)


def read_file(path: Path) -> MmadFile:
    """Return the questions of ``path`` whose pictures are beside it.

    Raises:
        UsageError: If the file is not in MMAD's format.
    """
    content = path.read_bytes()
    try:
        told = json.loads(content)
    except ValueError as error:
        msg = f"{path} is no JSON: download MMAD's question file again (a pointer is not enough)."
        raise UsageError(msg) from error
    if not isinstance(told, dict) or not all(isinstance(item, dict) for item in told.values()):
        msg = f"{path} is not MMAD's question file: it must map paths of pictures to questions."
        raise UsageError(msg)
    questions: list[MmadQuestion] = []
    wrong: Counter[str] = Counter()
    for image, about in told.items():
        for number, item in enumerate(_conversation(about)):
            question = _question(image, number, about, item)
            if isinstance(question, MmadQuestion):
                questions.append(question)
            else:
                wrong[question] += 1
    remarks = [f"{count} questions are left out: {why}." for why, count in wrong.items()]
    there, missing = _there(path.parent, questions)
    return MmadFile(
        root=path.parent,
        digest=hashlib.sha256(content).hexdigest(),
        questions=there,
        total=len(questions) + wrong.total(),
        remarks=(*remarks, *missing),
    )


def _conversation(about: Mapping[str, Any]) -> list[Any]:
    """Return the questions about a picture; only the first conversation counts, as in MMAD."""
    found: object = next((about[key] for key in about if key.startswith("conversation")), [])
    return found if isinstance(found, list) else []


def _question(
    image: str, number: int, about: Mapping[str, Any], item: object
) -> MmadQuestion | str:
    """Return a question, or why it cannot be asked."""
    if not isinstance(item, dict) or not isinstance(item.get("Options"), dict):
        return "they have no options"
    letters = [str(letter) for letter in item["Options"]]
    options = tuple(str(option) for option in item["Options"].values())
    task = _TASKS.get(" ".join(str(item.get("type", "")).lower().split()))
    templates = about.get("random_templates")
    template = str(templates[0]) if isinstance(templates, list) and templates else ""
    parts = PurePosixPath(image).parts
    if task is None:
        return f"their type {item.get('type')!r} is none of MMAD's"
    if item.get("Answer") not in letters or not 1 < len(options) <= len(LETTERS):
        return "their answer is none of their options, or there are too few or too many"
    if not str(item.get("Question", "")).strip():
        return "they have no text"
    if not (_inside(image) and _inside(template) and len(parts) > 2):
        return "they name no picture of a data set, or no normal one"
    return MmadQuestion(
        id=f"{image}#{number}",
        image=image,
        template=template,
        dataset=_SETS.get(parts[0], parts[0]),
        category=parts[1],
        normal=NORMAL in parts[2:-1],
        task=task,
        text=str(item["Question"]),
        options=options,
        answer=letters.index(item["Answer"]),
    )


def _inside(path: str) -> bool:
    """Return whether a path stays below the folder it starts in."""
    told = PurePosixPath(path)
    return bool(told.parts) and not told.is_absolute() and ".." not in told.parts


def _there(
    root: Path, questions: Sequence[MmadQuestion]
) -> tuple[tuple[MmadQuestion, ...], list[str]]:
    """Return the questions with both pictures there, and what is missing of the others."""
    known = {
        path: (root / path).is_file()
        for question in questions
        for path in (question.image, question.template)
    }
    lacking = [q for q in questions if not (known[q.image] and known[q.template])]
    remarks = []
    for dataset, group in _by(lacking, attrgetter("dataset")).items():
        first = next(p for p in (group[0].image, group[0].template) if not known[p])
        remarks.append(
            f"{len(group)} questions of {dataset} are left out: {len({q.image for q in group})} "
            f"of their pictures, or the normal ones beside them, are not there (first: {first})."
        )
    left = {question.id for question in lacking}
    return tuple(question for question in questions if question.id not in left), remarks


def drawn(
    questions: Sequence[MmadQuestion], limit: int | None, seed: int
) -> tuple[MmadQuestion, ...]:
    """Return the questions about at most ``limit`` pictures a category; all if it is None.

    The draw keeps the ratio of normal to anomalous pictures and of defect types, as everywhere.
    """
    if limit is None:
        return tuple(questions)
    chosen = {
        sample.path.as_posix()
        for name, group in _by(questions, lambda q: f"{q.dataset}/{q.category}").items()
        for sample in limited_queries(_category(name, group), limit, seed)
    }
    return tuple(question for question in questions if question.image in chosen)


def _category(name: str, questions: Sequence[MmadQuestion]) -> Category:
    """Return the pictures of a category as the draw takes them."""
    pictures = {question.image: question for question in questions}
    samples = tuple(
        Sample(
            path=Path(image),
            category=name,
            label=0 if question.normal else 1,
            defect_type=NORMAL if question.normal else PurePosixPath(image).parts[-2],
            split="test",
        )
        for image, question in pictures.items()
    )
    return Category(name, Path(), "mmad", (), samples)


def _by(
    questions: Sequence[MmadQuestion], key: Callable[[MmadQuestion], str]
) -> dict[str, list[MmadQuestion]]:
    ordered = sorted(questions, key=key)  # stable: the order of the file is kept
    return {name: list(group) for name, group in groupby(ordered, key=key)}
