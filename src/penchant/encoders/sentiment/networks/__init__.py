"""Classifiers of sentiment that average several networks with ordinal outputs."""
