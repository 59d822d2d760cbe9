"""The study of fashion: a hybrid of ratings, texts and images on Amazon reviews."""
