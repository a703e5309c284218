"""HTML pages, each one file that opens without a network."""
