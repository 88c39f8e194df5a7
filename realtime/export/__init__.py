"""Recorded poses as files that other programs open: BVH, TRC, CSV, npz."""
