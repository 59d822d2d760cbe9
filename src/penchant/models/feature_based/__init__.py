"""Models of features of a user and an item: trees, dense networks, ordinal regression."""
