"""Checks of a log's quality, its summary, and filters of events."""
