"""Every constant of RAID, with unit, range and source."""

from dataclasses import dataclass, replace
from typing import Literal

Variant = Literal["retrieval", "cross_attention", "guidance_moe", "full"]
VARIANTS: tuple[Variant, ...] = ("retrieval", "cross_attention", "guidance_moe", "full")


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """The hierarchical vector database and its retrieval.

    Attributes:
        prototypes: Semantic prototypes per category (RAID 4.1: 50).
        tokens_per_prototype: Least tokens per prototype; fewer tokens mean fewer prototypes (ours).
        probes: Prototypes whose lists are searched, K' (RAID 4.1: 5).
        neighbours: Instance tokens per patch, K (RAID 4.1: 150).
        exact_below: Categories with fewer tokens are searched in all lists: there, one matrix
            product is faster than the inverted file and finds the true neighbours (ours, D2).
        prototype_mode: ``labelled`` (mean CLS token of each named category, released code) or
            ``kmeans`` (clusters of all CLS tokens, RAID 3.2).
        routing: What sends a picture to its category: ``class_prototype``, the nearest mean CLS
            token (RAID 3.2), or ``patches``, their vote by semantic prototypes (ours, D11): for
            encoders whose CLS token was not trained to tell parts apart.
        rotations: ``auto`` adds the 90-degree copies of the supports where the supports
            themselves show that parts lie in any orientation; ``never``, ``always`` (ours, D3).
    """

    prototypes: int = 50
    tokens_per_prototype: int = 20
    probes: int = 5
    neighbours: int = 150
    exact_below: int = 20_000
    prototype_mode: Literal["labelled", "kmeans"] = "labelled"
    routing: Literal["class_prototype", "patches"] = "class_prototype"
    rotations: Literal["auto", "never", "always"] = "auto"


@dataclass(frozen=True, slots=True)
class FilterConfig:
    """The guided mixture-of-experts filter.

    Attributes:
        token_width: Width of a patch token.
        neighbours: K, channels of the cost volume.
        guidance: ``tokens`` concatenates query token and prototype (RAID 3.4); ``difference``
            takes their difference, which says how a patch differs and not what it shows (ours).
        squeeze: Channels after a learned 1x1 reduction of the guidance; 0: none (ours, D4).
        experts: Experts in each stage (RAID 4.1: 3).
        active: Experts switched on per picture in stage one (RAID 4.1: 2).
        groups: Groups of every group normalisation (released code: 5).
        router_noise: Upper bound of the uniform router noise in training (released code: 0.01).
        cost_input: ``raw`` cost (RAID 3.4) or ``log_ratio`` to the support's own spread (ours, D5).
        base_skip: Adds the calibrated nearest cost to the map's log-odds, so that an untrained
            filter is plain retrieval (ours, D6).
        guidance_dropout: Share of guidance channels dropped in training (ours, D4).
    """

    token_width: int = 384
    neighbours: int = 150
    guidance: Literal["tokens", "difference"] = "tokens"
    squeeze: int = 0
    experts: int = 3
    active: int = 2
    groups: int = 5
    router_noise: float = 0.01
    cost_input: Literal["raw", "log_ratio"] = "raw"
    base_skip: bool = False
    guidance_dropout: float = 0.0

    @property
    def guidance_channels(self) -> int:
        """Channels that enter stage one."""
        if self.squeeze:
            return self.squeeze
        return 2 * self.token_width if self.guidance == "tokens" else self.token_width


@dataclass(frozen=True, slots=True)
class RaidConfig:
    """RAID on one preset.

    Attributes:
        database: Retrieval.
        filter: Filtering.
        stages: Backbone stages that are joined to one token (positions in the backbone's taps).
        add_nn_residual: Adds the nearest cost to the filter's map before scoring, as the released
            code does and the paper does not say; scaled so that the sum stays in [0, 1] (D1).
        nn_weight: Share of the nearest cost in that sum on the map (released code: one half).
        score_nn_weight: The same in the image score (released code: one half). A filter that
            never saw the category places defects better than it ranks pictures, so the few-shot
            setting of the embedded preset leans on the cost (ours, D1).
        steepness: Slope s of the calibrated cost (ours).
        margin: Distance of the threshold above the largest normal score, log-odds at one normal;
            it shrinks with the square root of their number (ours).
        autocast: Whether the filter runs in bfloat16.
        single_inflation: Factor from the cost of augmented views to that of another part (ours).
        normal_quantile: Quantile of leave-one-out costs that reads 0.5 on the base map (ours).
        top_percent: Share of cells behind the image score, in % (RAID 3.5: 1).
        sigma: Smoothing of pixel maps, pixels at the encoder's input size (released code: 4).
        focal_alpha: Focal loss balance (released code: 0.5).
        focal_gamma: Focal loss exponent (released code: 4).
        balance_weight: Weight of the load-balance loss (RAID 4.1: 0.005).
        learning_rate: Of Adam (RAID 4.1: 1e-4).
        weight_decay: Of AdamW; 0 is Adam (RAID 4.1).
        batch: Pictures per step (released code: 16).
        crop: Side of the random window of each query that is learned from, cells (ours).
        epochs: Passes (RAID 4.1: 100).
        tuning_rate: Learning rate of "tune to these parts" (ours).
        tuning_epochs: Its passes over the damaged views (ours).
        router_warmup: Share of the epochs with uniform stage-two weights (released code: 30 %).
    """

    database: DatabaseConfig = DatabaseConfig()
    filter: FilterConfig = FilterConfig()
    stages: tuple[int, ...] = (-1,)
    add_nn_residual: bool = True
    nn_weight: float = 0.5
    score_nn_weight: float = 0.5
    steepness: float = 3.0
    margin: float = 0.5
    autocast: bool = False
    single_inflation: float = 1.2
    normal_quantile: float = 0.995
    top_percent: float = 1.0
    sigma: float = 4.0
    focal_alpha: float = 0.5
    focal_gamma: float = 4.0
    balance_weight: float = 0.005
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    batch: int = 16
    crop: int = 32
    epochs: int = 100
    tuning_rate: float = 3e-4
    tuning_epochs: int = 6
    router_warmup: float = 0.3

    def for_own_categories(self) -> "RaidConfig":
        """Return these constants for a filter trained on the very categories it inspects."""
        return replace(self, score_nn_weight=self.nn_weight)

    def tuning(self) -> "RaidConfig":
        """Return these constants for tuning: fewer passes, a lower rate, learned routing."""
        return replace(
            self,
            learning_rate=self.tuning_rate,
            epochs=self.tuning_epochs,
            batch=8,
            router_warmup=0.0,
        )
