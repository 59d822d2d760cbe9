"""The study of books: Jaccard similarity and dot-product networks on Book-Crossing."""
