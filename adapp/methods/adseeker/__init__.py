"""ADSeeker's zero-shot expert: hierarchical sparse prompts and type-level prompts."""
