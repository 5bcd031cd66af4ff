"""Training: one module per stage; each stage adds one part to a bundle. The recipes are in `presets`."""
