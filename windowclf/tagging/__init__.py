"""A trained model at work: sentences or texts in, tags and entities out."""
