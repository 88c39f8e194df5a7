"""What a subscriber needs."""
