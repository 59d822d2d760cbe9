"""Linear models of interactions: a score is a sum of weights from the items of the history."""
