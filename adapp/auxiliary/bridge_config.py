"""Every constant of the bridge's training (ours: no paper describes it)."""

from dataclasses import dataclass, field
from typing import Literal

from adapp.auxiliary.direction import REGULARISATION
from adapp.auxiliary.sampling import Mixture


@dataclass(frozen=True, slots=True)
class BridgeConfig:
    """How the bridge is trained.

    Attributes:
        epochs: Passes of ``steps`` steps.
        steps: Batches of a pass.
        batch: Pictures of a batch.
        thin: Every ``thin``-th row and column of cells takes part in a step.
        learning_rate: Peak of AdamW's rate.
        warmup: Steps over which it rises.
        weight_decay: AdamW's.
        dropout: Share of the bridge's hidden channels left out.
        name_dropout: Share of draws that call a part by a generic name.
        sentences: Sentences averaged into one prompt, drawn anew for every picture: few, so that
            each sentence works alone, more than one, as methods average theirs.
        typed: Share of pictures of a known defect type whose anomalous prompt names it.
        mixture: Proportions of real, synthetic and rendered pictures.
        focusing: Exponent of the focal loss.
        stage_weight: Of the focal loss on every stage.
        map_weight: Of the focal loss on the map averaged over the stages.
        overlap_weight: Of the Dice loss on that map.
        centre: Where the origin of the joint space lies: ``halfway`` between normal and anomalous
            patches, where prompts alone judge a picture; the ``mean`` of all patches, where
            patches are compared with patches as well.
        guide_regularisation: scikit-learn's C of the classifier that guides the prompts.
        guide_weight: Of the distance of a prompt's direction from that of a linear classifier.
        image_weight: Of the cross-entropy of the image score.
        type_weight: Of telling the types of defect apart.
        type_temperature: What cosines are divided by there.
    """

    epochs: int = 4
    steps: int = 80
    batch: int = 12
    thin: int = 2
    learning_rate: float = 4e-3
    warmup: int = 30
    weight_decay: float = 1e-2
    dropout: float = 0.1
    name_dropout: float = 0.35
    sentences: int = 4
    typed: float = 0.3
    mixture: Mixture = field(default_factory=Mixture)
    focusing: float = 0.0
    stage_weight: float = 1.0
    map_weight: float = 1.0
    overlap_weight: float = 0.2
    centre: Literal["halfway", "mean"] = "halfway"
    guide_regularisation: float = REGULARISATION
    guide_weight: float = 100.0
    image_weight: float = 0.5
    type_weight: float = 0.1
    type_temperature: float = 0.1
