"""Short codings of rows of numbers: PCA and autoencoders."""
