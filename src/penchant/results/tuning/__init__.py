"""The result of a tuning: its ranges and trials."""
