"""SMPL bodies fitted to lifted joints: numpy and numba only; the user supplies the model file."""
