"""Tagging: a trained model turns sentences or texts into tags and entities."""
