"""Third-party checkpoints: read safely, recognised, and turned into artifacts that carry their spec."""
