"""Writing the knowledge base anew with a vision-language model, where its weights are present.

``python -m adapp.methods.kanoclip.regenerate --out FILE`` asks the questions of the paper's
figure 2 and writes the JSON that training reads. The descriptions in the project were written
without a model, so that training needs none.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import torch

from adapp.core.errors import UsageError
from adapp.core.module_command import finished
from adapp.core.settings import Settings
from adapp.methods.kanoclip.descriptions import FORMAT, PER_CLASS, SHIPPED, parse
from adapp.reasoning.qwen_model import Qwen, load
from adapp.reasoning.qwen_weights import QwenSize, find

Describe = Callable[[str], str]
"""Answers a question with text."""
LONGEST: Final = 400
"""Tokens of an answer at most."""


def regenerate(told: dict[str, Any], describe: Describe, model: str) -> dict[str, Any]:
    """Return the knowledge base with its general descriptions asked anew.

    Args:
        told: The knowledge base as its JSON spells it; classes, names and questions stay.
        describe: Answers a question.
        model: What answers, kept beside the answers.

    Raises:
        UsageError: If an answer holds too few sentences, or ``told`` is no knowledge base.
    """
    parse(told)
    classes = {}
    for name, entry in told["classes"].items():
        question = (
            f"{told['question'].format(name=name)} "
            f"Give {PER_CLASS} single sentences, each on a line of its own."
        )
        classes[name] = {**entry, "descriptions": sentences(describe(question), name)}
    fresh = {**told, "version": FORMAT, "origin": f"Answers of {model}.", "classes": classes}
    parse(fresh)
    return fresh


def sentences(answer: str, name: str) -> list[str]:
    """Return the first sentences of an answer, without the numbers in front of them.

    Raises:
        UsageError: If there are too few.
    """
    lines = [line.strip().lstrip("-*0123456789.) ") for line in answer.splitlines()]
    kept = [line for line in lines if len(line.split()) >= 4]
    if len(kept) < PER_CLASS:
        msg = f"the model gave {len(kept)} sentences about {name!r}, not {PER_CLASS}; try again"
        raise UsageError(msg)
    return kept[:PER_CLASS]


def answer(qwen: Qwen, question: str) -> str:
    """Return what a loaded model writes on ``question``, without chance."""
    chat = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    inputs = qwen.processor.tokenizer([chat], return_tensors="pt").to(qwen.device)
    with torch.no_grad():
        written = qwen.model.generate(**inputs, max_new_tokens=LONGEST, do_sample=False)
    new = written[0, inputs["input_ids"].shape[1] :]
    return str(qwen.processor.tokenizer.decode(new, skip_special_tokens=True)).strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 done, 2 something the user can mend."""
    parser = argparse.ArgumentParser(prog="adapp.methods.kanoclip.regenerate")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--size", choices=("7b", "3b"), default="7b", help="Qwen2.5-VL to ask")
    options = parser.parse_args(arguments)

    def asked() -> str:
        folder = find(cast("QwenSize", options.size), Settings().weights_dir)[0]
        qwen = load(folder, four_bit=False)
        told = json.loads(SHIPPED.read_text("utf-8"))
        fresh = regenerate(told, lambda question: answer(qwen, question), qwen.identity)
        text = json.dumps(fresh, indent=1, ensure_ascii=False)
        options.out.write_text(f"{text}\n", "utf-8")
        return ""

    return finished(asked)


if __name__ == "__main__":
    sys.exit(main())
