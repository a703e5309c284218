"""Scores windowclf and other taggers on the same labelled files; see scripts/compare-taggers."""
