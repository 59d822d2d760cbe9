"""Features of reviews: their texts, circumstances, items and users."""
