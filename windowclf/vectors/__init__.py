"""Pretrained word vectors: where they are found and how they are read."""
