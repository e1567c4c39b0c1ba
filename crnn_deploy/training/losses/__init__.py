"""What a student learns from; each loss is a small class, and a recipe combines them."""
