"""Strings in, sentences out: tokenizer, sentences, documents, lines."""
