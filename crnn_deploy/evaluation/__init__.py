"""Accuracy: decoding, figures with intervals, and comparisons on the same images."""
