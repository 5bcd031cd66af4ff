"""f2p-deploy: from a photo to a game character, and from trained networks to a shipped game."""
