"""What is in a log: counts, shapes and quality, as figures and as charts."""
