"""Binary attributes of items, as arrays, as rows of events and as SQL."""
