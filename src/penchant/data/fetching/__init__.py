"""Finding and downloading published data sets: cache, mirror, address, wheel."""
