"""Labels for raw text: a person decides, and a network that learns meanwhile proposes."""
