"""How good weights are: cases, errors, baselines, and their report."""
