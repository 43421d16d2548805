"""Use cases: numpy in, dataclasses out; no gradio, no torch."""
