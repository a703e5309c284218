"""Reports on a model: the facts, and their rendering in a terminal and as HTML."""
