"""Calibration of INT8 artifacts on real faces: photos -> calibration set -> ranges of the values of each layer."""
