"""ADSeeker's table 5: MMAD's questions without and with Seek-Setting, by one model.

What is missing (questions, pictures, model, expert) becomes the reason of the lines it leaves
empty; all settings answer the same questions, so their differences are paired.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from adapp.core.detector import Report
from adapp.core.errors import AdappError, ReasonerUnavailable, UsageError
from adapp.core.settings import Settings
from adapp.reasoning.choose import Choice, ReasonerOptions, choose
from adapp.services.knowledge_pages import bundled_entries
from adapp.services.mmad_asking import Asking, AskingOptions, Conditions
from adapp.services.mmad_questions import FILE, drawn, find_file, read_file
from adapp.services.mmad_result import MmadRun, empty_result, result
from adapp.services.mmad_settings import LADDER, SEEK, VANILLA, Evidence, ExpertOptions, Setting
from adapp.services.page_locks import mark_of
from adapp.services.paper_tables import PaperTable
from adapp.services.reproduce_cells import code_hash, weights_hash
from adapp.services.reproduce_lines import ReproduceRequest

Json: TypeAlias = dict[str, Any]
EvidenceMaker: TypeAlias = Callable[[ExpertOptions, Path], Evidence]
_SHOWN_CODE: Final = ("core", "data", "reasoning")
_SEEK_CODE: Final = (
    *("auxiliary", "backbones", "knowledge", "methods/adseeker", "ops", "rendering", "retrieval"),
)
_ASKING_CODE: Final = ("services/mmad_asking.py", "services/mmad_settings.py")
_EVIDENCE_CODE: Final = tuple(
    f"services/{name}.py"
    for name in ("case", "knowledge_pages", "page_library", "page_locks", "page_query", "regions")
)


def measure(
    request: ReproduceRequest,
    table: PaperTable,
    report: Report | None = None,
    *,
    make_evidence: EvidenceMaker = Evidence,
) -> Json:
    """Return the parts of the table's JSON that come from asking: lines, remarks and details.

    Args:
        request: What to set beside the table.
        table: The table.
        report: Told the answers done of all; may be None.
        make_evidence: Makes what finds pages and maps.

    Raises:
        UsageError: If the question file is not MMAD's, the evidence report was asked for by name,
            or an option has no meaning here.
        ReasonerUnavailable: If the reasoner fails on the way; what was answered is kept.
    """
    _check(request)
    path = find_file(request.roots)
    if path is None:
        below = f"below {', '.join(map(str, request.roots))}" if request.roots else "given"
        return empty_result(
            table, f"MMAD is not there: no {FILE} {below}; give its folder with --data"
        )
    file = read_file(path)
    if not file.questions:
        told = " ".join(file.remarks) or "it holds none"
        return empty_result(table, f"no question of {path} can be asked: {told}".rstrip("."))
    try:
        choice = _reasoner(request.asking)
    except UsageError:
        raise
    except AdappError as error:
        return empty_result(table, str(error).rstrip("."))
    expert = ExpertOptions(table.method, request.preset, request.checkpoint, request.size)
    evidence = make_evidence(expert, file.root)
    wanted = LADDER if request.asking.ablation else (VANILLA, SEEK)
    reasons = {setting.name: evidence.hindrance(setting) for setting in wanted}
    settings = tuple(setting for setting in wanted if not reasons[setting.name])
    asking = Asking(
        Conditions(
            file.digest,
            request.asking.mode,
            request.seeds[0],
            partial(_traits, expert=expert, model=choice.reasoner.model),
        ),
        evidence,
        choice.reasoner,
        file.root,
        request.cells or Settings().cache_dir / "reproduce",
        report,
    )
    questions = drawn(file.questions, request.limit, request.seeds[0])
    try:
        answers = asking.answers(questions, settings)
    finally:
        choice.reasoner.close()
    run = MmadRun(file, asking, choice, request.asking.mode, request.seeds[0], settings, answers)
    return result(table, run, reasons, request.limit)


def _check(request: ReproduceRequest) -> None:
    """Refuse what has no meaning for questions.

    Raises:
        UsageError: If it was asked for.
    """
    if len(request.seeds) > 1:
        msg = f"{request.table} takes one seed: give a single --seed."
        raise UsageError(msg)
    if request.tune:
        msg = f"{request.table} tunes nothing: leave --tune out."
        raise UsageError(msg)


def _reasoner(asking: AskingOptions) -> Choice:
    """Return who answers.

    Raises:
        UsageError: If the evidence report was asked for by name.
        AdappError: If nobody who can choose letters can run.
    """
    way = (
        "take --reasoner server --base-url URL, or --reasoner local with Qwen2.5-VL on this machine"
    )
    if asking.reasoner == "evidence":
        msg = f"The evidence report is no language model and cannot choose letters: {way}."
        raise UsageError(msg)
    options = ReasonerOptions(base_url=asking.base_url, download=asking.download)
    choice = choose(asking.reasoner, options)
    if choice.reasoner.source == "evidence_only":
        msg = f"no language model can answer here: {way}"
        raise ReasonerUnavailable(msg)
    return choice


def _traits(setting: Setting, *, expert: ExpertOptions, model: str) -> Json:
    """Return what decides an answer under a setting beside questions and options."""
    told: Json = {"model": model, "code": code_hash(_SHOWN_CODE, _ASKING_CODE)}
    if not (setting.pages or setting.expert):
        return told
    stems = (expert.method, "bridge", "knowledge")
    folder = Settings().checkpoints_dir
    return {
        **told,
        "expert": asdict(expert),
        "weights": weights_hash(stems, expert.preset, expert.checkpoint, folder),
        "pages": mark_of(bundled_entries()),
        "seek": code_hash(_SEEK_CODE, _EVIDENCE_CODE),
    }
