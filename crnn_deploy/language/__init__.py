"""Language models: learned from labels, and put into artifacts that read lines."""
