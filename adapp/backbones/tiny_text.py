"""The sentence tower at toy width with random weights and a word list made here: for tests only."""

import string

import torch
from torch import Tensor
from transformers import BertConfig, BertTokenizer

from adapp.backbones.sentences import SentenceTower, loaded_bert, meta_bert

IDENTITY = "tiny: BertModel, width 32, 2 blocks, random weights (seed 0), for tests only"
WIDTH = 32
MAX_TOKENS = 64
SEED = 0
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WORDS = (
    "a abnormal an and blemish clean close crack damage damaged defect defective dent flaw "
    "flawless good hole image in intact is it missing normal object of on part perfect photo "
    "picture region scratch stain surface the up with without"
)


def load_tiny_text(*, device: torch.device) -> SentenceTower:
    """Return a toy text tower; same weights in every process."""
    words = vocabulary()
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=MAX_TOKENS,
    )
    return SentenceTower(
        loaded_bert(config, _random_state(config)),
        BertTokenizer(vocab={word: number for number, word in enumerate(words)}),
        identity=IDENTITY,
        max_tokens=MAX_TOKENS,
        device=device,
    )


def vocabulary() -> tuple[str, ...]:
    """Return word pieces that spell any lower-case text: marks, a few words, every character."""
    characters = string.ascii_lowercase + string.digits
    single = (c for c in characters + string.punctuation if c not in _WORDS.split())
    return (*_SPECIAL, *_WORDS.split(), *single, *(f"##{c}" for c in characters))


def _random_state(config: BertConfig) -> dict[str, Tensor]:
    """Draw every weight so that words keep apart; no global random state is used."""
    generator = torch.Generator().manual_seed(SEED)
    state = {}
    for name, shape in ((n, p.shape) for n, p in meta_bert(config).named_parameters()):
        if name.endswith("bias"):
            state[name] = torch.zeros(shape)
        elif "LayerNorm" in name:
            state[name] = torch.ones(shape)
        else:
            state[name] = torch.randn(shape, generator=generator) * shape[-1] ** -0.5
    return state
