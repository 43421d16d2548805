"""Every constant of the synthetic anomalies, with its origin."""

from dataclasses import dataclass
from typing import Literal

TextureSource = Literal["procedural", "self", "both"]
ForegroundRule = Literal["auto", "bright_background", "dark_background", "none"]
Recipe = Literal["perlin", "cutpaste", "nsa", "typed"]

RECIPES: tuple[Recipe, ...] = ("perlin", "cutpaste", "nsa", "typed")


@dataclass(frozen=True, slots=True)
class SyntheticConfig:
    """How often each recipe runs, and with which constants.

    Attributes:
        perlin_weight: Relative share of the Perlin/texture recipe (ours).
        cutpaste_weight: Relative share of CutPaste, the scar variant included (ours).
        nsa_weight: Relative share of the seamless clone (ours).
        typed_weight: Relative share of the defects of a known type (ours).
        defect_types: Types the typed recipe may draw; empty means all of them (ours).
        clean_probability: Share of untouched pictures in ``draw`` (ours; DRAEM 0.5).
        foreground: Where anomalies may lie. ``auto`` (ours) tells an object on a plain ground
            from a texture; the two ``*_background`` rules are RAID's Otsu rule; ``none`` is all.
        perlin_threshold: Level cut of the noise (RAID 0.3; DRAEM 0.5).
        perlin_scale_exponent: Cells per axis are 2^u, u a whole number in this range (DRAEM).
        perlin_rotation: Largest rotation of the noise in degrees, either way (DRAEM).
        blend_beta_max: The picture keeps U(0, this) of itself inside the mask (DRAEM 0.8).
        texture_source: Procedural texture, the picture itself shuffled, or even odds (RAID).
        shuffle_grid: Side of the grid the shuffled picture is cut into (DRAEM's successors: 8).
        source_augmentations: Changes applied to a source picture (DRAEM: 3 of its list).
        cutpaste_area: Patch area as a share of the picture (CutPaste).
        cutpaste_aspect: Longest aspect ratio of a patch, either way (CutPaste 3.3).
        cutpaste_jitter: Half-range of the colour jitter factors (CutPaste 0.1).
        scar_probability: Share of thin scars within CutPaste (ours).
        scar_width: Scar width as a share of the picture's side (CutPaste: 2-16 of 256 px).
        scar_length: Scar length likewise (CutPaste: 10-25 of 256 px).
        nsa_gamma_shape: Shape of the Gamma law of the patch half-width (NSA).
        nsa_gamma_scale: Its scale, in shares of the picture's side (NSA 0.05).
        nsa_half_width_min: Added to that draw (NSA 0.03).
        nsa_half_width_max: Largest half-width (NSA bounds it likewise; the value is ours).
        nsa_resize: Range of the patch's resize factor (NSA).
        nsa_object_overlap: Least share of the patch that lies on the object (NSA 0.25).
        nsa_patches_max: Patches per picture, 1 to this (ours: 1-2).
        nsa_change: Median-filtered change in grey levels at which NSA's logistic label is 0.5
            (NSA: 7 for most categories).
        defect_area: Area of a typed defect as a share of the picture, log-uniform (ours).
        visible_change: Least change in grey levels that counts as visible (ours).
        least_area: Least share of the picture a mask must cover (ours).
        attempts: Draws before the recipe is changed (ours).
    """

    perlin_weight: float = 0.35
    cutpaste_weight: float = 0.1
    nsa_weight: float = 0.2
    typed_weight: float = 0.35
    defect_types: tuple[str, ...] = ()
    clean_probability: float = 0.5
    foreground: ForegroundRule = "auto"
    perlin_threshold: float = 0.3
    perlin_scale_exponent: tuple[int, int] = (0, 5)
    perlin_rotation: float = 90.0
    blend_beta_max: float = 0.8
    texture_source: TextureSource = "both"
    shuffle_grid: int = 8
    source_augmentations: int = 3
    cutpaste_area: tuple[float, float] = (0.02, 0.15)
    cutpaste_aspect: float = 3.3
    cutpaste_jitter: float = 0.1
    scar_probability: float = 0.5
    scar_width: tuple[float, float] = (2 / 256, 16 / 256)
    scar_length: tuple[float, float] = (10 / 256, 25 / 256)
    nsa_gamma_shape: float = 2.0
    nsa_gamma_scale: float = 0.05
    nsa_half_width_min: float = 0.03
    nsa_half_width_max: float = 0.25
    nsa_resize: tuple[float, float] = (0.7, 1.3)
    nsa_object_overlap: float = 0.25
    nsa_patches_max: int = 2
    nsa_change: float = 7.0
    defect_area: tuple[float, float] = (0.001, 0.08)
    visible_change: float = 5.0
    least_area: float = 0.0003
    attempts: int = 4

    def __post_init__(self) -> None:
        weights = self.weights()
        if min(weights.values()) < 0 or sum(weights.values()) <= 0:
            msg = f"recipe weights must be non-negative and not all zero, got {weights}"
            raise ValueError(msg)
        if not 0 <= self.clean_probability <= 1:
            msg = f"clean_probability must lie in [0, 1], got {self.clean_probability}"
            raise ValueError(msg)
        low, high = self.defect_area
        if not 0 < low <= high <= 0.5:
            msg = f"defect_area must satisfy 0 < low <= high <= 0.5, got {self.defect_area}"
            raise ValueError(msg)

    def weights(self) -> dict[Recipe, float]:
        """Return the relative share of every recipe."""
        return {
            "perlin": self.perlin_weight,
            "cutpaste": self.cutpaste_weight,
            "nsa": self.nsa_weight,
            "typed": self.typed_weight,
        }

    @classmethod
    def only(cls, recipe: Recipe) -> "SyntheticConfig":
        """Return the defaults with a single recipe switched on."""
        share = {name: float(name == recipe) for name in RECIPES}
        return cls(
            perlin_weight=share["perlin"],
            cutpaste_weight=share["cutpaste"],
            nsa_weight=share["nsa"],
            typed_weight=share["typed"],
        )
