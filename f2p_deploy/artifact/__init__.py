"""The artifact: manifest, files and hashes, golden vectors, parity, inspection."""
