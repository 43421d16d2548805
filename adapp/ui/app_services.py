"""What the app is built from: given from outside, so that tests can give something else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapp.core.settings import Settings
from adapp.data.images import load_image
from adapp.services.case import case_of
from adapp.services.examples import Example, examples
from adapp.services.explaining import Explainer
from adapp.services.inspection import Inspection
from adapp.services.pace import Paces
from adapp.services.pool import DetectorPool
from adapp.services.regions import Thresholds
from adapp.ui.pictures import thumb_uri
from adapp.ui.prepared import Prepared, example_request
from adapp.ui.presets import choose_preset, offered
from adapp.ui.state import ResultShelf, Runs
from adapp.ui.warmup import WarmUp

_CARD_SIDE = 112


@dataclass(frozen=True, slots=True, eq=False)
class AppServices:
    """The app's working parts.

    Attributes:
        pool: Detectors, loaded once and shared by all sessions.
        presets: Presets that can be chosen.
        preset: The one chosen at start.
        preset_reason: Why that one, one sentence.
        checkpoint: ``open``, ``research`` or a file, chosen at start.
        examples: Parts to try, in the order of their cards.
        thumbnails: Address of each example's picture, by the example's key.
        shelf: Keeps all sessions' results within a budget.
        runs: Runs in progress, by session.
        explainer: Answers questions about parts.
        answers: Answers in progress, by session.
        warm_up: Loads the model in the background.
        prepared: Results of examples that the warm-up has made.
        paces: How long each method that has run took.
    """

    pool: DetectorPool
    presets: tuple[str, ...]
    preset: str
    preset_reason: str
    checkpoint: str
    examples: tuple[Example, ...]
    thumbnails: Mapping[str, str]
    shelf: ResultShelf
    runs: Runs
    explainer: Explainer
    answers: Runs
    warm_up: WarmUp
    prepared: Prepared
    paces: Paces

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """Checkpoints that can be chosen; a file only if the server was started with it."""
        return tuple(dict.fromkeys(("open", "research", self.checkpoint)))


def app_services(
    preset: str | None = None,
    *,
    pool: DetectorPool | None = None,
    cards: Sequence[Example] | None = None,
    explainer: Explainer | None = None,
    prepare: bool = True,
) -> AppServices:
    """Return the app's working parts.

    Args:
        preset: Preset to start with; None takes ``ADAPP_PRESET``.
        pool: Detectors; None makes the real ones.
        cards: Examples; None takes those that come with the project.
        explainer: Answers questions; None makes the real one.
        prepare: Whether the result of the first example, which warms the model up, is kept and
            shown to who clicks on it.

    Raises:
        UsageError: If the preset does not exist.
    """
    settings = Settings()
    detectors = pool or DetectorPool()
    chosen, reason = choose_preset(preset or settings.preset, detectors, settings.checkpoint)
    shown = tuple(examples() if cards is None else cards)
    paces, prepared, asked = Paces(), Prepared(), explainer or Explainer(chosen)

    def then(inspection: Inspection) -> None:
        asked.prepare(case_of(inspection, 0, Thresholds.of(inspection.calibration)))

    def keep(inspection: Inspection) -> None:
        if prepare:
            prepared.put(shown[0], inspection)

    first = example_request(shown[0], chosen, settings.checkpoint) if shown else None
    return AppServices(
        pool=detectors,
        presets=offered(chosen),
        preset=chosen,
        preset_reason=reason,
        checkpoint=settings.checkpoint,
        examples=shown,
        thumbnails={example.key: _thumbnail(example) for example in shown},
        shelf=ResultShelf(),
        runs=Runs(),
        explainer=asked,
        answers=Runs(),
        warm_up=WarmUp(detectors, first, paces, then, keep),
        prepared=prepared,
        paces=paces,
    )


def _thumbnail(example: Example) -> str:
    return thumb_uri(load_image(example.query[0]).pixels, _CARD_SIDE)
