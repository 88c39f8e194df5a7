"""Calibration boards: drawn, printed, and found in pictures."""
