"""Logs that are in several files: folders, patterns of names, lists."""
