"""Dot-product networks."""
