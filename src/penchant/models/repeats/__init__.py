"""Models of what users take again: their own items, by how often and how lately they had them."""
