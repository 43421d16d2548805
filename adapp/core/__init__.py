"""Types, errors and settings: no torch, no file access beyond the environment."""
