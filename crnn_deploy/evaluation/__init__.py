"""Accuracy: decoding, figures with intervals, and comparisons of models on the same images."""
