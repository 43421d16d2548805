"""Reference pictures for pages about defects: a sound part, and the same part with a flaw."""

from adapp.data.illustration.figure import Figure, draw
from adapp.data.illustration.parts import PARTS

__all__ = ["PARTS", "Figure", "draw"]
