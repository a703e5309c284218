"""Labelled documents in files: readers and writers, a format each."""
