"""A small question file in MMAD's format with pictures drawn here, and models that answer it."""

import json
import os
import re
from dataclasses import replace
from functools import partial
from unittest import mock

from adapp.methods.registry import METHODS
from adapp.services import page_library, page_shelf, pool
from adapp.services.mmad_asking import AskingOptions
from adapp.services.reproduce import reproduce
from adapp.services.reproduce_lines import ReproduceRequest
from tests.fakes import FAKE_METHODS, FakeLoader, part
from tests.pages import tiny_library
from tests.unit.reasoning.loopback import Scripted, serving, spoken
from tests.unit.services.papers import DEFECT, save

YES_NO = {"A": "Yes.", "B": "No."}
KINDS = {"A": "Stain", "B": "Scratch", "C": "Hole", "D": "Dent"}
NAMES = {"A": "Bottle", "B": "Plate", "C": "Screw", "D": "Cable"}
PLACES = {"A": "Left", "B": "Right", "C": "Top", "D": "Bottom"}

DEFECTIVE = (
    ("Is there any defect in the object?", YES_NO, "A", "Anomaly Detection"),
    ("What is the type of the defect?", KINDS, "B", "Defect Classification"),
    ("Where is the defect?", PLACES, "C", "Defect Localization"),
    ("What does the defect look like?", KINDS, "B", "Defect Description"),
    ("What follows from the defect?", PLACES, "D", "Defect Analysis"),
    ("What kind of product is in the image?", NAMES, "A", "Object Classification"),
)
SOUND = (
    ("Is there any defect in the object?", YES_NO, "B", "Anomaly Detection"),
    ("Which parts does the object have?", NAMES, "C", "Object Structure"),
    ("Which detail is visible?", PLACES, "A", "Object Details"),
)
TEMPLATE = "MVTec-AD/bottle/train/good/000.png"
PER_PICTURE = len(DEFECTIVE) + len(SOUND)
"""Questions about one defective and one sound picture of a category."""
MODEL = "served-model"
PAGE = part(7, height=90, width=64)
"""Picture of every page; real ones are drawn at 1448 x 1024 px, which takes too long here."""


def asked(questions):
    return [
        {"Question": text, "Options": options, "Answer": answer, "type": kind, "annotation": True}
        for text, options, answer, kind in questions
    ]


def about(questions, template):
    return {
        "image_path": "not/used.png",
        "conversation": asked(questions),
        "mask_path": "mask/never/read.png",
        "random_templates": [template, "never/shown.png"],
        "similar_templates": ["never/shown.png"],
    }


def write_mmad(root, pictures=2):
    """Write a category of each of two data sets: so many sound and defective pictures."""
    told = {}
    for dataset, category, test, train in (
        ("DS-MVTec", "bottle", "image", "MVTec-AD/bottle/train"),
        ("VisA", "candle", "test", "VisA/candle/train"),
    ):
        template = f"{train}/good/000.png"
        save(root / template, part(99))
        for number in range(pictures):
            sound = f"{dataset}/{category}/{test}/good/{number:03d}.png"
            bad = f"{dataset}/{category}/{test}/scratch/{number:03d}.png"
            save(root / sound, part(number))
            save(root / bad, part(50 + number, defect=DEFECT))
            told[sound] = about(SOUND, template)
            told[bad] = about(DEFECTIVE, template)
    (root / "mmad.json").write_text(json.dumps(told))
    return root


class Student(Scripted):
    """Answers from what it is asked: right where ``knows`` says so, else the first letter."""

    knows = staticmethod(lambda *_: True)
    dress = "{letter}"
    says = None
    left = None

    def next_entry(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                return (503, {"Content-Type": "text/plain"}, [b"busy"])
        question = seen_question(self.asked[-1])
        if self.says is not None:
            return spoken(self.says)
        knows = self.knows(question["text"], self.asked[-1])
        letter = right_letter(question) if knows else "A"
        return spoken(self.dress.format(letter=letter))


def seen_question(body):
    """Return text and options of the question in a request, as the model sees them."""
    content = body["messages"][-1]["content"]
    text = content if isinstance(content, str) else content[-1]["text"]
    question = text[text.rindex("Question: ") :].splitlines()
    options = dict(re.match(r"([A-Z])\. (.*)", line).groups() for line in question[1:])
    return {"text": question[0].removeprefix("Question: "), "options": options}


def right_letter(question):
    wanted = {
        options[answer]
        for text, options, answer, _ in (*DEFECTIVE, *SOUND)
        if text == question["text"]
    }
    if question["text"].startswith("Is there"):
        return "A"  # cannot be told from the words: it calls every part defective
    return next(letter for letter, option in question["options"].items() if option in wanted)


def pictures_in(body):
    """Return the number of pictures in a request."""
    content = body["messages"][-1]["content"]
    return 0 if isinstance(content, str) else sum(p["type"] == "image_url" for p in content)


def words_in(body):
    """Return all words of a request."""
    told = [message["content"] for message in body["messages"]]
    return "\n".join(
        part if isinstance(part, str) else "\n".join(p.get("text", "") for p in part)
        for part in told
    )


student = partial(serving, made=Student)


def run(folder, url=None, *, report=None, json_path=None, expert=True, **options):
    """Return the table over the questions below ``folder``; the expert and the pages are small."""
    info = replace(FAKE_METHODS["kanoclip"], name="adseeker", title="ADSeeker")
    known = {**METHODS, "adseeker": info} if expert else dict(METHODS)
    if not expert:
        known.pop("adseeker", None)
    asking = {"reasoner": "server", "base_url": url, **options.pop("asking", {})}
    request = ReproduceRequest(
        **{
            "table": "adseeker-5",
            "roots": (folder / "mmad",),
            "preset": "tiny",
            "cells": folder / "cells",
            "asking": AskingOptions(**asking),
            **options,
        }
    )
    with (
        mock.patch.dict(METHODS, known, clear=True),
        mock.patch.object(pool.registry, "load", FakeLoader()),
        mock.patch.object(page_library, "load_library", return_value=tiny_library()),
        mock.patch.object(page_shelf.PageShelf, "picture", return_value=PAGE),
        mock.patch.dict(os.environ, {"ADAPP_REASONER_MODEL": MODEL}),
    ):
        return reproduce(request, json_path=json_path, report=report)


def row(found, label, metric):
    (only,) = [one for one in found["rows"] if (one["label"], one["metric"]) == (label, metric)]
    return only
