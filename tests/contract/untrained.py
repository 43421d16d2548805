"""Checkpoints with random weights, so that every step of a ladder runs without training."""

import torch

from adapp.training.checkpoint import save_checkpoint

CARD = {
    "preset": "tiny",
    "name": "untrained",
    "trained_on": ["nothing"],
    "licence": "Nothing was learned: free to use.",
}


def _raid(variant):
    from adapp.methods.raid.model import RaidFilter
    from adapp.methods.raid.presets import TINY

    return RaidFilter(TINY.filter, variant, TINY.steepness)


def _h2vlr(variant):
    from adapp.backbones.factory import create_joint, new_bridge
    from adapp.methods.h2vlr.model import H2vlrNetwork
    from adapp.methods.h2vlr.presets import TINY

    state = new_bridge("tiny").state_dict()
    space = create_joint("tiny", "h2vlr", bridge=state, device="cpu")
    network = H2vlrNetwork(TINY, variant, space.width, space.token_width)
    network.bridge = new_bridge("tiny")
    return network


def _kanoclip(variant):
    from adapp.backbones.factory import create_joint, new_bridge
    from adapp.methods.kanoclip.build import make_network
    from adapp.methods.kanoclip.presets import TINY

    state = new_bridge("tiny").state_dict()
    joint = create_joint("tiny", "kanoclip", bridge=state, device="cpu")
    return make_network(TINY, variant, joint, state)


def _adseeker(variant):
    from adapp.backbones import tiny
    from adapp.backbones.factory import create_joint, new_bridge
    from adapp.methods.adseeker.build import make_network
    from adapp.methods.adseeker.presets import TINY

    state = new_bridge("tiny").state_dict()
    joint = create_joint("tiny", "adseeker", bridge=state, device="cpu")
    return make_network(TINY, variant, joint, tiny.WIDTH, state)


_NETWORKS = {"adseeker": _adseeker, "h2vlr": _h2vlr, "kanoclip": _kanoclip, "raid": _raid}


def write_untrained(method, variant, folder):
    """Return the path of a new checkpoint for ``variant``, a little away from its first state."""
    torch.manual_seed(0)
    network = _NETWORKS[method](variant)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.03 * torch.randn_like(parameter))
    path = folder / f"{method}-{variant}.safetensors"
    save_checkpoint(path, network.state_dict(), {**CARD, "method": method, "variant": variant})
    return path
