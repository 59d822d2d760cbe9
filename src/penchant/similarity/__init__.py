"""Which items were rated alike, and which users are alike."""
