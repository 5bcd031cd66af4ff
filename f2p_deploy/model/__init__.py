"""The model: bundle, settings, networks, losses, generation in PyTorch, and the graphs that are exported."""
