"""Which pages to read: similarity scores -> clusters -> quality -> quotas -> chosen pages.

Source: ADSeeker 4.3 ("KDE-Sample"). The scores are clustered by a Bayesian Gaussian mixture, each
cluster gets a quality (eq. 6), the qualities share the budget out, and each cluster gives its best
pages. The plain alternative, the best scores in order, is ``topk``.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture
from sklearn.neighbors import KernelDensity

Scores = NDArray[np.float64]
Labels = NDArray[np.int64]

_FLAT = 1e-6  # scores closer together than this are one cluster
_ITERATIONS = 200
_LEFT_OUT = -1  # the cluster of a score outside the pool

# A mixture that has not settled still clusters, and a user cannot act on the warning.
warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn.mixture")


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    """How pages are chosen.

    Attributes:
        budget: Pages to choose, at least 1 (the paper leaves it open; ours).
        pool: Best scores that are clustered, the rest takes no part. Eq. 6 adds up over a cluster's
            members, so among many pages the mass of unlike ones wins by number (ours; like the
            temperature chosen on held-out pictures of known objects and second specimens of the
            drawings, where these values lose no right type against ``topk``; docs/log.md).
        strategy: ``kde`` shares the budget out over clusters, ``topk`` takes the best.
        kde_weight: Each score's weight in the density: ``softmax`` of score / temperature, as the
            paper's figure 4 shows, or ``none``.
        temperature: Of that softmax; lower values lean to the best scores (ours).
        components: Most clusters; fewer if there are fewer than three scores for each (ours).
        concentration: Weight concentration of the Dirichlet process; small values leave clusters
            empty (ours).
        starts: Initialisations of the mixture (ours).
        seed: Of the mixture; the same scores give the same choice.
        apart: Whether a page stands back behind those of its cluster that tell of a type not told
            yet; ``kde`` only (ours: for a part that is named, where pages of other parts would
            tell the same again; docs/knowledge.md).
    """

    budget: int = 3
    pool: int = 10
    strategy: Literal["kde", "topk"] = "kde"
    kde_weight: Literal["softmax", "none"] = "softmax"
    temperature: float = 0.03
    components: int = 8
    concentration: float = 1e-2
    starts: int = 3
    seed: int = 0
    apart: bool = False

    def __post_init__(self) -> None:
        if min(self.budget, self.pool, self.components, self.starts) < 1:
            msg = "budget, pool, components and starts must be at least 1"
            raise ValueError(msg)
        if self.temperature <= 0 or self.concentration <= 0:
            msg = "temperature and concentration must be positive"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Which scores were chosen, and why.

    Attributes:
        chosen: Positions in the scores, best first; as many as the budget or the scores allow.
        labels: Cluster of every score, [n]; cluster 0 has the highest mean score, -1 means that
            the score is outside the pool.
        quality: W of every cluster (eq. 6), in order of the clusters; sums to 1.
        quotas: Pages taken from every cluster.
    """

    chosen: tuple[int, ...]
    labels: Labels
    quality: tuple[float, ...]
    quotas: tuple[int, ...]


def choose(
    scores: ArrayLike, config: SamplingConfig | None = None, types: Sequence[str] = ()
) -> Choice:
    """Return the pages to read out of similarity scores, [n], in any order.

    The page with the highest score is always among them, whatever its cluster's quality.

    Args:
        scores: Of the pages, [n].
        config: How to choose.
        types: What each page tells of, n of them, for ``apart``; "" is like no other.

    Raises:
        ValueError: If there is no score, or one is not finite.
    """
    config = SamplingConfig() if config is None else config
    values: Scores = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        msg = f"expected finite scores [n], n >= 1, got shape {values.shape}"
        raise ValueError(msg)
    order = np.argsort(-values, kind="stable")
    budget = min(config.budget, values.size)
    labels = np.full(values.size, _LEFT_OUT, dtype=np.int64)
    if config.strategy == "topk":
        labels[order[:budget]] = 0
        return Choice(tuple(order[:budget].tolist()), labels, (1.0,), (budget,))
    pool = order[: max(config.pool, budget)]
    ranked = values[pool]  # falling
    found = cluster(ranked, config)
    quality = cluster_quality(density(ranked, config), found)
    taken = quotas(quality, np.bincount(found), budget)
    if taken[found[0]] == 0:  # the best page is never left out
        taken[int(np.argmax(taken))] -= 1
        taken[found[0]] += 1
    labels[pool] = found
    told = [types[at] for at in pool] if config.apart and types else [""] * pool.size
    chosen = _served(found, taken, told)
    return Choice(
        tuple(pool[chosen].tolist()),
        labels,
        tuple((quality / quality.sum()).tolist()),
        tuple(taken.tolist()),
    )


def cluster(scores: Scores, config: SamplingConfig) -> Labels:
    """Return the cluster of each score, [n], numbered by falling mean score without gaps.

    Source: ADSeeker eq. 5. The number of clusters is the number of components that own a score.
    Fewer than six scores, or scores that do not differ, are one cluster: nothing can be fitted.
    """
    components = min(config.components, scores.size // 3)
    if components < 2 or np.ptp(scores) < _FLAT:
        return np.zeros(scores.size, dtype=np.int64)
    spread = (scores - scores.mean()) / scores.std()
    mixture = BayesianGaussianMixture(
        n_components=min(components, np.unique(scores).size),
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=config.concentration,
        n_init=config.starts,
        max_iter=_ITERATIONS,
        tol=1e-2,
        reg_covar=1e-4,
        random_state=config.seed,
    )
    found = mixture.fit(spread[:, None]).predict(spread[:, None])
    used = np.unique(found)
    means = np.array([scores[found == label].mean() for label in used])
    number = np.empty(int(used.max()) + 1, dtype=np.int64)
    number[used[np.argsort(-means, kind="stable")]] = np.arange(used.size)
    labels: Labels = number[found]
    return labels


def density(scores: Scores, config: SamplingConfig) -> Scores:
    """Return the log of the kernel density at each score, [n].

    Gaussian kernels of Silverman's width for the weighted sample (its spread, and its effective
    size (sum w)^2 / sum w^2). Unweighted, the density is high where many unlike pages crowd at
    low scores; the softmax weight moves it to the pages that matter.
    """
    weight = np.ones_like(scores)
    if config.kde_weight == "softmax":
        weight = np.exp((scores - scores.max()) / config.temperature)
    weight = weight / weight.sum()
    spread = np.sqrt(np.sum(weight * (scores - np.sum(weight * scores)) ** 2))
    effective = 1.0 / np.sum(weight**2)
    width = max(float(spread * (0.75 * effective) ** -0.2), 1e-4)
    kernels = KernelDensity(kernel="gaussian", bandwidth=width)
    kernels.fit(scores[:, None], sample_weight=weight)
    logs: Scores = kernels.score_samples(scores[:, None])
    return logs


def cluster_quality(log_density: Scores, labels: Labels) -> Scores:
    """Return W of every cluster, [K], each in (0, n].

    Source: ADSeeker eq. 6, with the maximum taken over all scores: a maximum per cluster would
    make W depend on a cluster's shape alone.
    """
    relative = np.exp(log_density - log_density.max())
    total: Scores = np.bincount(labels, weights=relative) / (labels.max() + 1)
    return np.maximum(total, np.finfo(np.float64).tiny)


def quotas(quality: Scores, sizes: Labels, budget: int) -> Labels:
    """Return the places of each cluster, [K]: whole numbers in 0..size with sum ``budget``.

    Each cluster gets the whole part of its share, the largest remainders get the rest, and what
    a small cluster cannot take is shared out among the others in the same way.

    Raises:
        ValueError: If the clusters together hold fewer than ``budget``.
    """
    if int(sizes.sum()) < budget:
        msg = f"{int(sizes.sum())} pages cannot fill {budget} places"
        raise ValueError(msg)
    taken = np.zeros(len(sizes), dtype=np.int64)
    while (left := budget - int(taken.sum())) > 0:
        room = sizes - taken
        share = np.where(room > 0, quality, 0.0)
        share = share / share.max()  # first, so that the smallest numbers do not vanish
        share = left * share / share.sum()
        whole = np.floor(share).astype(np.int64)
        remainder = np.where(room > whole, share - whole, -1.0)
        largest = np.argsort(-remainder, kind="stable")[: left - int(whole.sum())]
        whole[largest[remainder[largest] >= 0]] += 1
        whole = np.minimum(whole, room)
        taken += whole
    return taken


def _served(found: Labels, taken: Labels, told: Sequence[str]) -> list[int]:
    """Return the ranks that fill each cluster's places, types not told yet first."""
    chosen: list[int] = []
    heard: set[str] = set()
    for number, places in enumerate(taken):
        members = np.flatnonzero(found == number).tolist()
        first: list[int] = []
        for rank in members:
            if len(first) < places and told[rank] not in heard:
                first.append(rank)
                heard |= {told[rank]} - {""}
        rest = [rank for rank in members if rank not in first]
        chosen += [*first, *rest[: places - len(first)]]
    return sorted(chosen)
