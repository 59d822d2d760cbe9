"""Models that score items by their content."""
