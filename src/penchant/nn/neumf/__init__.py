"""Neural matrix factorisation: products of vectors and layers over them."""
