"""One training loop, row-wise optimised embedding tables, samplers and losses."""
