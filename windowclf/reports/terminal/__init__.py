"""Tables and marked text for a terminal."""
