"""Nearest-neighbour search over unit vectors."""
