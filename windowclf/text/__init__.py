"""From strings to words: lines, sentences and tokens."""
