"""Logs: reading, checking, filtering, splitting, and what models see of them."""
