"""Runs windowclf and its peers side by side; see scripts/bench."""
