"""The steps by which tables of older versions become those of this one, in the order of names."""
