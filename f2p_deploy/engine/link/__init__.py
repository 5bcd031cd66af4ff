"""The link to a studio's engine: over TCP, as a Python class, or through a folder of pictures."""
