"""Runs the denoiser: the torch network, the engines behind one Protocol, the shipped weights."""
