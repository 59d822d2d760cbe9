"""Texts as numbers: tokens, n-grams, TF-IDF, vectors."""
