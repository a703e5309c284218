"""Experiments: series of trainings that measure properties of the data."""
