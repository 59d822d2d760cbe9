"""A stack of several models."""
