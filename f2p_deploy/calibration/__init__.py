"""Calibration of INT8 artifacts on real faces; no target uses it yet."""
