"""Training: the loop, and the record it leaves."""
