"""Builds what the documentation site has beside the pages as they are kept."""
