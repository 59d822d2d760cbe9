"""The network of the hybrid recommender and its training."""
