"""Loading labelled sentences from folders, files, the Hugging Face hub and data sets."""
