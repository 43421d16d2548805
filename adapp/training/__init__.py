"""Training loop and checkpoints shared by all methods."""
