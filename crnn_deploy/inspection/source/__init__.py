"""Describe data sets: images, sizes, labels, characters, classes and doubles, from the index."""
