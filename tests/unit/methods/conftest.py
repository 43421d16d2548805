"""The toy siblings that need no normal picture, and a small data set in the project's layout."""

from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType

import numpy as np
import pytest

from adapp.auxiliary import bridge_training, kept_bridge, pictures
from adapp.auxiliary.bridge_config import BridgeConfig
from adapp.backbones.factory import create_joint, new_bridge
from adapp.methods.adseeker import build as adseeker_build
from adapp.methods.adseeker import held_out as adseeker_held_out
from adapp.methods.adseeker import presets as adseeker_presets
from adapp.methods.adseeker import train as adseeker_train
from adapp.methods.kanoclip import build as kanoclip_build
from adapp.methods.kanoclip import held_out as kanoclip_held_out
from adapp.methods.kanoclip import presets as kanoclip_presets
from adapp.methods.kanoclip import train as kanoclip_train
from tests.unit.painted import defective_part, good_part


@dataclass(frozen=True)
class Sibling:
    """What the shared tests of a method without normal pictures differ in."""

    name: str
    build: ModuleType
    train: ModuleType
    held_out: ModuleType
    presets: ModuleType
    steps: tuple[str, ...]
    top: float
    """Largest image score."""
    alone: int
    """Epochs before the joint ones."""
    fitted: str
    """A tensor that is computed from the training pictures and not learned."""
    learning: dict[str, float]
    """A recipe that is long enough to learn something."""
    more: tuple[object, ...] = ()
    """What its network takes besides."""

    def network(self, variant, joint):
        state = new_bridge("tiny", seed=2).state_dict()
        return self.build.make_network(self.presets.TINY, variant, joint, *self.more, state)


SIBLINGS = (
    Sibling(
        "kanoclip",
        kanoclip_build,
        kanoclip_train,
        kanoclip_held_out,
        kanoclip_presets,
        ("base", "knpl", "vv", "bicmci", "full"),
        top=2.0,
        alone=0,
        fitted="centre",
        learning={
            "epochs": 6,
            "steps": 20,
            "batch": 8,
            "prompt_rate": 1e-2,
            "network_rate": 1e-2,
        },
    ),
    Sibling(
        "adseeker",
        adseeker_build,
        adseeker_train,
        adseeker_held_out,
        adseeker_presets,
        ("base", "obj", "cls", "obj_cls", "full"),
        top=1.0,
        alone=4 * adseeker_presets.TINY.training.stage_epochs,
        fitted="book.centres",
        learning={"epochs": 5, "steps": 16, "batch": 8, "prompt_rate": 1e-2, "rate": 1e-2},
        more=(64,),
    ),
)


@pytest.fixture
def siblings():
    return {one.name: one for one in SIBLINGS}


@pytest.fixture(params=[one.name for one in SIBLINGS])
def sibling(request, siblings):
    """Each method without normal pictures in turn."""
    return siblings[request.param]


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """What small trainings share: frozen features of the pictures, and bridges."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def small(tmp_path, shared, monkeypatch):
    """Make trainings small: one rendered family, few pictures, a short training of the bridge."""
    (tmp_path / "cache").mkdir()
    for name in ("auxiliary", "bridges"):
        (shared / name).mkdir(exist_ok=True)
        (tmp_path / "cache" / name).symlink_to(shared / name)
    monkeypatch.setenv("ADAPP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ADAPP_FEATURE_CACHE", raising=False)
    monkeypatch.setattr(pictures, "FAMILIES", ("washer",))
    monkeypatch.setattr(pictures, "DAMAGED", 6)
    monkeypatch.setattr(pictures, "RENDERED_CLEAN", 3)
    monkeypatch.setattr(pictures, "RENDERED_DAMAGED", 3)
    short = partial(BridgeConfig, epochs=4, steps=8, batch=4, warmup=2, learning_rate=3e-3)
    for module in (bridge_training, kept_bridge):
        monkeypatch.setattr(module, "BridgeConfig", short)


@pytest.fixture
def taught(monkeypatch):
    """Categories behind each joint space that is asked for, by its identity."""
    found = {}
    original = kept_bridge.JointSpaces.of

    def watched(self, shelves):
        joint, bridge = original(self, shelves)
        found[joint.identity] = {shelf.category for shelf in shelves}
        return joint, bridge

    monkeypatch.setattr(kept_bridge.JointSpaces, "of", watched)
    return found


@pytest.fixture
def recipe(sibling, monkeypatch):
    """Change the toy preset's training."""

    def change(**changes):
        toy = sibling.presets.TINY
        config = replace(toy, training=replace(toy.training, **changes))
        monkeypatch.setattr(sibling.train, "config_for", lambda _: config)

    return change


@pytest.fixture(scope="session")
def joint():
    return create_joint("tiny", "kanoclip", bridge=new_bridge("tiny").state_dict(), device="cpu")


SIZE = (72, 72)
BOX = np.s_[20:44, 24:50]
COLOURS = {"hole": (250, 20, 20), "crack": (20, 250, 240)}


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """Three categories: two with normal pictures and masked holes, one with masked cracks only."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("data") / "set"
    for part, level, normals, kind in (
        ("plate", 90, 3, "hole"),
        ("board", 160, 3, "hole"),
        ("ring", 120, 0, "crack"),
    ):
        for number in range(normals):
            good_part(rng, level, SIZE, folder / part / "train" / "good" / f"{number}.png")
        for number in range(4):
            defective_part(
                *(rng, level, SIZE, folder / part, kind, number),
                box=BOX,
                paint=lambda _, colour=COLOURS[kind]: colour,
            )
    return folder
