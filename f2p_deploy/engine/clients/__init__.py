"""Files to copy into an engine, which then answers `f2p_deploy.engine.link`; they need nothing of this package."""
