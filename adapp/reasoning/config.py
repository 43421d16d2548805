"""What can be set about reasoners; every value that the paper or MMAD states names its source."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from adapp.core.errors import UsageError

ExpertMode: TypeAlias = Literal["none", "significance", "overlay", "learned"]
EXPERT_MODES: Final[tuple[ExpertMode, ...]] = ("none", "significance", "overlay", "learned")


@dataclass(frozen=True, slots=True)
class PromptConfig:
    """What goes into a prompt.

    Attributes:
        pages: Most pages in it, at least 0 (ours: 3).
        page_pictures: Whether pages go in as pictures, as the paper has them.
        page_texts: Whether their text goes in too; it is exact where a small picture is not.
        page_characters: Most characters of one page (ours: 2,400, about 600 tokens).
        history_turns: Most earlier turns (ours: 6).
        history_characters: Most characters of one earlier turn (ours: 1,200).
        question_characters: Most characters of the question (ours: 2,000).
        regions: Most regions described as facts (ours: 5).
    """

    pages: int = 3
    page_pictures: bool = True
    page_texts: bool = True
    page_characters: int = 2400
    history_turns: int = 6
    history_characters: int = 1200
    question_characters: int = 2000
    regions: int = 5


@dataclass(frozen=True, slots=True)
class LocalConfig:
    """How the local model runs.

    Attributes:
        prompt: What goes into a prompt.
        expert: How the detector's map reaches the model.
        expert_file: Trained map encoder for ``learned``.
        min_pixels: Smallest picture the model sees (ours, as in common use: 64 * 28 * 28).
        max_pixels: Largest one (1280 * 28 * 28).
        answer_tokens: Longest answer (ours: 512).
        choice_tokens: Longest answer to a multiple-choice question (MMAD reads letters: 8).
        four_bit: Whether weights are held in 4 bits; None where they would not fit otherwise.
        deadline_s: Seconds after which an answer ends (ours: 120).

    Raises:
        UsageError: If ``learned`` is asked for without a trained map encoder.
    """

    prompt: PromptConfig = PromptConfig()
    expert: ExpertMode = "significance"
    expert_file: str | None = None
    min_pixels: int = 64 * 28 * 28
    max_pixels: int = 1280 * 28 * 28
    answer_tokens: int = 512
    choice_tokens: int = 8
    four_bit: bool | None = None
    deadline_s: float = 120.0

    def __post_init__(self) -> None:
        if self.expert == "learned" and self.expert_file is None:
            msg = "learned expert tokens need the file of a trained map encoder; use significance"
            raise UsageError(msg)
