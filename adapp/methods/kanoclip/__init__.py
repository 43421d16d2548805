"""KAnoCLIP: zero-shot detection from knowledge-driven prompts."""
