"""Charts of results, drawn as inline SVG."""
