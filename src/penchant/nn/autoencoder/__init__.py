"""Sparse batches, masked outputs and fold-in for autoencoders."""
