"""Ratings as a Gaussian process over items."""
