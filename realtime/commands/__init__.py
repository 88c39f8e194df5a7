"""The commands of the live system."""
