"""Short trainings on the toy preset, and what they leave behind."""

import json

from adapp.training.checkpoint import load_checkpoint
from adapp.training.request import TrainingRequest


def request(root, out, **changes):
    settings = {"seed": 3, "variant": "full"} | changes
    return TrainingRequest(preset="tiny", roots=(root,), out=out, **settings)


def card_of(path):
    return json.loads(path.with_suffix(".json").read_text())


def state_of(path):
    return load_checkpoint(path).state
