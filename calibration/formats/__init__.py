"""Other programs' camera files, read and written."""
