"""Runs the denoiser."""
