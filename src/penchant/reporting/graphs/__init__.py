"""The charts of each kind of result, as plain data."""
