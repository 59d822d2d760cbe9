"""The published convolutional network of sentiment: classifier, network and fast training."""
