"""What the choice of a method means for the form: what it needs, what it takes, what runs."""

from html import escape
from pathlib import Path

from adapp.methods.registry import UNNAMED_PART, MethodInfo
from adapp.ui import texts

_SHIPPED_WITH = "embedded"


def label(info: MethodInfo) -> str:
    """Return the method's name with what it needs, as one choice among several."""
    return f"{info.title} ({'few-shot' if info.needs_support else 'zero-shot'})"


def need(info: MethodInfo) -> str:
    """Return what normal pictures are for, one sentence."""
    if info.needs_support:
        return texts.NEEDS_SUPPORT
    return texts.SUPPORT_OPTIONAL if info.learns_support else texts.CALIBRATES_ONLY


def variant(info: MethodInfo, preset: str, checkpoint: str) -> str:
    """Return which step of the ablation ladder a run takes, and with which checkpoint."""
    told = texts.VARIANT if preset == _SHIPPED_WITH else texts.VARIANT_OPEN
    if checkpoint not in texts.CHECKPOINTS:
        told = texts.VARIANT_OF_FILE
    return told.format(
        variant=info.variants[-1],
        checkpoint=Path(checkpoint).name,
        preset=preset,
        bare=info.variants[0],
    )


def note_html(info: MethodInfo, preset: str, checkpoint: str) -> str:
    """Return the method's name with the variant and checkpoint beside it, and what it needs."""
    return (
        f'<div class="method-note" role="status"><p><b>{escape(info.title)}</b> '
        f"<span>{escape(variant(info, preset, checkpoint))}</span></p>"
        f"<p>{escape(info.summary)} <em>{escape(need(info))}</em></p></div>"
    )


def support_key(info: MethodInfo) -> str:
    """Return the name of the label of the normal pictures."""
    return "normal_parts" if info.needs_support else "normal_parts_optional"


def support_hint(info: MethodInfo) -> str:
    """Return what to put into the empty box of normal pictures."""
    if info.needs_support:
        return texts.NORMAL_HINT
    return texts.NORMAL_HINT_OPTIONAL.format(method=info.title)


def part_hint(info: MethodInfo) -> str:
    """Return what the name of the part is for."""
    told = texts.PART_IN_PROMPTS if info.uses_part_name else texts.PART_AS_LABEL
    return told.format(method=info.title, unnamed=UNNAMED_PART)


def tune_hint(info: MethodInfo) -> str:
    """Return what tuning does, or why there is none."""
    return texts.TUNE_HINT if info.learns_support else texts.NO_TUNING.format(method=info.title)
