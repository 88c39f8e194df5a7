"""What each part of the method is worth: small variants, trained at equal budget."""
