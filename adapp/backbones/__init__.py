"""Frozen encoders behind two protocols."""
