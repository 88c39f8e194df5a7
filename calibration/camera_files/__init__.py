"""Camera files, read strictly and written."""
