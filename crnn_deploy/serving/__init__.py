"""Packages: folders with a model and all that reads with it, for those who have no crnn-deploy."""
