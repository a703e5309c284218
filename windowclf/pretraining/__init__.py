"""Word vectors from unlabelled text, learnt by ranking real windows above corrupted ones."""
