"""A trained model: what it is made of, and its folder on disk."""
