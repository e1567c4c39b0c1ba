"""Whole pages: their lines are found, read, and put into the order in which people read."""
