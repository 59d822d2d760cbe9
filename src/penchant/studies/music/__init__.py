"""The study of music: sentiment, codings and a rating regressor on Amazon reviews."""
