"""The hybrid network of ratings, texts and images."""
