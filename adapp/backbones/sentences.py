"""A frozen BERT as a text tower: word embeddings in, one sentence vector out."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertModel, BertTokenizer

from adapp.backbones.base import TextTokens
from adapp.backbones.prompt_cache import PromptCache
from adapp.backbones.token_rows import checked_length, tokens_of

BATCH = 64
"""Prompts encoded at once without gradient."""


class SentenceTower:
    """Mean-pooled sentence vectors of a frozen BERT; threads can share one.

    Prompts enter as word embeddings, so they can be learned or changed by a support set;
    positions and segment are added inside.

    Args:
        model: The encoder; it is frozen here.
        tokenizer: Its word pieces.
        identity: Source and weights in words.
        max_tokens: Most positions of a prompt, start and end token included.
        device: Where the weights go and the vectors come back.
    """

    def __init__(
        self,
        model: BertModel,
        tokenizer: BertTokenizer,
        *,
        identity: str,
        max_tokens: int,
        device: torch.device,
    ) -> None:
        module: nn.Module = model  # the library's own .eval() and .to() are not typed
        module.eval().requires_grad_(requires_grad=False).to(device)
        self._model = model
        self._tokenizer = tokenizer
        self._kept = PromptCache[Tensor]()
        self.identity = identity
        self.max_tokens = max_tokens
        self.device = device
        self.width: int = model.config.hidden_size

    @property
    def token_width(self) -> int:
        """Channels of a word embedding."""
        return self.width

    def tokenize(self, prompts: Sequence[str]) -> TextTokens:
        """Return the word embeddings of ``prompts``; one too long loses its last words.

        Raises:
            ValueError: If ``prompts`` is empty.
        """
        words = self._model.embeddings.word_embeddings
        return tokens_of(prompts, self._pieces, words, self.max_tokens)

    def encode(self, tokens: TextTokens) -> Tensor:
        """Return sentence vectors, [T, W] unit norm; gradients reach ``tokens.embeddings``.

        Raises:
            ValueError: If there are more positions than ``max_tokens``.
        """
        length = checked_length(tokens, self.max_tokens)
        positions = torch.arange(length, device=self.device).expand(len(tokens.mask), length)
        states = self._model(
            inputs_embeds=tokens.embeddings,
            attention_mask=tokens.mask.long(),
            position_ids=positions,
            token_type_ids=torch.zeros_like(positions),
        ).last_hidden_state  # [T, L, W]
        weights = tokens.mask[..., None].to(states.dtype)
        return functional.normalize((states * weights).sum(dim=1), dim=-1)

    def sentences(self, prompts: Sequence[str]) -> Tensor:
        """Return sentence vectors, [T, W] unit norm, without gradient; do not change them.

        A list of prompts is encoded once while it is among the last ones asked for.

        Raises:
            ValueError: If ``prompts`` is empty.
        """
        return self._kept.get(prompts, self._encoded)

    def _encoded(self, prompts: tuple[str, ...]) -> Tensor:
        starts = range(0, max(len(prompts), 1), BATCH)
        with torch.no_grad():
            return torch.cat([self.encode(self.tokenize(prompts[i : i + BATCH])) for i in starts])

    def _pieces(self, prompt: str) -> list[int]:
        ids: list[int] = self._tokenizer(prompt)["input_ids"]
        return ids


def meta_bert(config: BertConfig) -> BertModel:
    """Return a BERT without pooler whose tensors are shapes only."""
    with torch.device("meta"):
        return BertModel(config, add_pooling_layer=False)


def loaded_bert(config: BertConfig, state: Mapping[str, Tensor]) -> BertModel:
    """Return a BERT without pooler, loaded strictly from ``state``.

    Raises:
        RuntimeError: If a tensor is missing, left over or of the wrong shape.
    """
    model = meta_bert(config)
    model.load_state_dict(dict(state), strict=True, assign=True)
    positions = torch.arange(config.max_position_embeddings)[None]
    model.embeddings.position_ids = nn.Buffer(positions, persistent=False)  # in no checkpoint
    model.embeddings.token_type_ids = nn.Buffer(torch.zeros_like(positions), persistent=False)
    return model
