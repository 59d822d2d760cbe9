"""The result of a study: sections of conclusions, tables, charts and comparisons."""
