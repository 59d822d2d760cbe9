"""Models of items' binary attributes: one network for all users, or one for each."""
