"""ADSeeker's constants: what the paper says or the project settled, and sizes that fit."""

import pytest

from adapp.core.errors import UsageError
from adapp.methods.adseeker.presets import EMBEDDED, PAPER, TINY, config_for


def test_the_settled_constants_of_the_paper_preset():
    sparse, prompts, recipe = PAPER.sparse, PAPER.prompts, PAPER.training
    assert (sparse.atoms, sparse.steps, sparse.sparsity, sparse.descent) == (16, 5, 0.1, 1.0)
    assert (sparse.text_depth, sparse.text_tokens, sparse.inside) == (4, 5, True)
    assert (prompts.prefix, prompts.anchored, prompts.top) == (12, False, 3)
    assert (PAPER.types.stages, PAPER.types.lloyd_steps) == ("last", 10)
    assert (PAPER.score.form, PAPER.score.pool, PAPER.score.sigma) == ("softmax", "mean", 4.0)
    assert (PAPER.loss.sparse_weight, PAPER.loss.stages) == (0.1, "sum")
    assert (recipe.epochs, recipe.batch, recipe.rate) == (10, 8, 1e-3)
    assert recipe.betas == (0.5, 0.999)
    assert PAPER.contrast.neighbours == ()


@pytest.mark.parametrize("config", [PAPER, EMBEDDED, TINY], ids=["paper", "embedded", "tiny"])
def test_sizes_of_a_preset_fit_together(config):
    assert config.prompts.prefix >= (config.sparse.text_tokens if config.sparse.inside else 0)
    assert bool(config.contrast.neighbours) is bool(config.contrast.stages)
    assert config.prompts.anchored is (config.prompts.init_std == 0)


def test_an_unknown_preset_is_refused_with_the_choices():
    with pytest.raises(UsageError, match="paper, embedded, tiny"):
        config_for("huge")
