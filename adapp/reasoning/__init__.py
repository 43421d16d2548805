"""Put a detector's result into words: by a local model, by a server, or from the evidence alone."""
