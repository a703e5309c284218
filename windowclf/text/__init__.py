"""Strings in, words out: tokenizer, sentence ends, lines."""
