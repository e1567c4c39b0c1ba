"""Post-training INT8, with its accuracy and speed measured."""
