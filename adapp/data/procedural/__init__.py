"""Rendered parts and textures: normal pictures of many categories, for training and examples."""

from adapp.data.procedural.category import FAMILIES, ProceduralCategory, render

__all__ = ["FAMILIES", "ProceduralCategory", "render"]
