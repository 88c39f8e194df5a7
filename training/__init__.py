"""Training (torch): archives, augmentation, noise, losses, the run, evaluation, export."""
