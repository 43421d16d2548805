"""Training pictures with masks and their frozen features, for methods that learn from them."""
