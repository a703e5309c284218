"""Word vectors from unlabelled text, learned by ranking real windows above corrupted ones."""
