"""Networks that score items by their content."""
