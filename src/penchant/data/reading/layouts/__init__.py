"""Layouts of text whose lines are no records with columns."""
