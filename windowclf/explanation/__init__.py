"""Explanation of a decision: contributions of words, the runner-up, and changes of the tag."""
