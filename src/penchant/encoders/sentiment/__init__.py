"""Classifiers of sentiment."""
