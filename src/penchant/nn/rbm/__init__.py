"""Restricted Boltzmann machines for ratings and the regressions that fit new users to them."""
