"""A profiler of tagging and training by stage; see scripts/profile."""
