"""What makes pages of the documentation site out of the code; see scripts/docs."""
