"""One HTML page for each kind of result."""
