"""A trained model: its parts, and its folder on disk."""
