"""Teachers: artifacts whose CTC or class logits a student learns from. Each is asked once for each image."""
