"""Factorisation machines and hybrid factorisation."""
