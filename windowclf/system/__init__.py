"""Interfaces to the operating system: files, streams, stores, locks, processes and threads."""
