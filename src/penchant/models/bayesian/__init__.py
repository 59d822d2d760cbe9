"""Models whose parameters are drawn from their posterior."""
