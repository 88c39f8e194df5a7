"""Published data sets, by their published file layouts, into the project's one archive format."""
