"""Measurements of likeness, landmarks, stages and speed."""
