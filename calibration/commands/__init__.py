"""The sub-commands of `m2t3 calibrate`."""
