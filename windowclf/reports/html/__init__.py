"""HTML pages, each in a single file."""
