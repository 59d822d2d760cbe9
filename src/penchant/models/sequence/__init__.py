"""Models of the order of events: which item follows which."""
