"""Recipes: from a checkpoint to a report in one resumable run."""
