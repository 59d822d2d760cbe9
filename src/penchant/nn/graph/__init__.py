"""Networks of graphs of users and items."""
