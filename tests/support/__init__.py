"""What several tests share: small data in real formats, and models that break a promise."""
