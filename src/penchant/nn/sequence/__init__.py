"""Networks that read sequences of items and foretell the next one at every position."""
