"""What can be seen of a trained model: how its vectors moved, and whether one is the better."""
