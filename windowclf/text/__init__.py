"""Strings in, sentences out: corpora, tokenizer and file formats."""
