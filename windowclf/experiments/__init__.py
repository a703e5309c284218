"""Trainings that are repeated to learn something about the data."""
