"""The training: one module a stage, each of which adds a part to a bundle; recipes are in `presets`."""
