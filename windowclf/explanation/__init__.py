"""Why a model decided as it did: what each word gave, the runner-up, and what would change it."""
