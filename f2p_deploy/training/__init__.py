"""Training: one module a stage; each stage adds one part to a bundle. The recipes are in `presets`."""
