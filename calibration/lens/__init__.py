"""The lens, from views of a board."""
