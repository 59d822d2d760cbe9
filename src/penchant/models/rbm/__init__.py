"""Restricted Boltzmann machines of interactions and of ratings."""
