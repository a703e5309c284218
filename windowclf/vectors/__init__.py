"""Pretrained word vectors: their sources and file formats."""
