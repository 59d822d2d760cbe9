"""Networks that join a user vector and an item vector by their dot product."""
