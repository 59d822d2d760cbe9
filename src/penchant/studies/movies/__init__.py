"""The study of movies: networks for single users, an RBM and an autoencoder on MovieLens."""
