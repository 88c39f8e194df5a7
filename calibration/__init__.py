"""The calibrated camera: its model, its file, its rays."""
