"""More training lines from few: parts of real lines are joined to new ones."""
