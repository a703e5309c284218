"""Benchmarks of windowclf and its peers; see scripts/bench."""
