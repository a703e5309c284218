"""How good tags are: scores by rules of conlleval, errors, and whether two models differ."""
