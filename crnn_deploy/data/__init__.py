"""Images with labels: sources, preprocessing, batches, overlap checks and a text-line renderer."""
