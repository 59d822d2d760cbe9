"""Single files that are too large to be read at once."""
