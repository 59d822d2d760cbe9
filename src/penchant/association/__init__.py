"""Items that are bought together: how often, and how far beyond chance."""
