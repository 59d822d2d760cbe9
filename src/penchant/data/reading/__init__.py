"""Reading a log from files, databases and frames."""
