"""Nearest neighbours among items and users."""
