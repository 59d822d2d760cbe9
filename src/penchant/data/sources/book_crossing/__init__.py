"""Book-Crossing: the original dump and the copies that circulate."""
