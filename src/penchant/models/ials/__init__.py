"""Matrix factorisation for implicit feedback by alternating least squares."""
