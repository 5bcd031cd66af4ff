"""Training: one module a stage. Each stage adds one part to a bundle; see `f2p_deploy.training.presets` for the recipes."""
