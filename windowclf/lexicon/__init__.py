"""Words in, feature ids and vectors out."""
