"""Evaluation: scores by the rules of conlleval, lists of errors, comparisons of models."""
