"""Tag schemes such as IOB2, and spans as tags spell them."""
