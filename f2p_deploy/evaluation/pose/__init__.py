"""Robustness to the head's pose: how far a character moves when the head in the photo is turned."""
