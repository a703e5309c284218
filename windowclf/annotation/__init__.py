"""Labelling text by hand, with a model that learns meanwhile."""
