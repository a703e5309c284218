"""Annotation of raw text: a person decides, and a network that learns meanwhile proposes names."""
