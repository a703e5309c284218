"""Words in, feature ids out."""
