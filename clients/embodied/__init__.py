"""A simulated humanoid that follows a streamed person under gravity (MuJoCo)."""
