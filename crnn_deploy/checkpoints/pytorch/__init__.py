"""Third-party PyTorch files: their weights, read without running anything, and the networks that these fit."""
