"""The detection methods and their registry."""
