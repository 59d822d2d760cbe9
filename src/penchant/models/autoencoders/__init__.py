"""Autoencoders of ratings and interactions."""
