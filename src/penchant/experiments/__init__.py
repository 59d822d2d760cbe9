"""Experiments on people: who is shown which model, which one is better, and how sure that is."""
