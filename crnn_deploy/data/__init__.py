"""Images with labels: sources, preprocessing, batches, overlap checks and a renderer of text lines."""
