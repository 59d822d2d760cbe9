"""What `check` looks for, one file a kind; each `find` yields findings."""
