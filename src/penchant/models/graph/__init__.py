"""Models of the graph of users and items that are trained."""
