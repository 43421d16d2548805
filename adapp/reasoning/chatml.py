"""A prompt in Qwen's chat format, written by hand so that only this module writes its tokens."""

from typing import Final

from adapp.reasoning.prompt import ExpertSlot, Part, Picture, Prompt
from adapp.reasoning.untrusted import without_marks

PLACEHOLDER: Final = "<|fim_pad|>"
"""Stands where an expert token goes: a token of the published vocabulary that no chat uses, and
not the picture's own, whose number must match the picture's size."""
PICTURE: Final = "<|vision_start|><|image_pad|><|vision_end|>"


def chat_text(prompt: Prompt) -> str:
    """Return the whole chat up to where the assistant's answer starts."""
    turns = [
        f"<|im_start|>{message.role}\n{''.join(map(_written, message.parts)).strip()}<|im_end|>\n"
        for message in prompt.messages
    ]
    return "".join(turns) + "<|im_start|>assistant\n"


def _written(part: Part) -> str:
    if isinstance(part, Picture):
        return PICTURE
    if isinstance(part, ExpertSlot):
        return PLACEHOLDER * part.count
    return (
        part.text if "<|" not in part.text and "|>" not in part.text else without_marks(part.text)
    )
