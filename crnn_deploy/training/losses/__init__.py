"""Losses: each is a small class with its options, and a recipe combines several."""
