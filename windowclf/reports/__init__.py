"""What is shown of a model: facts gathered once, and their renderers."""
