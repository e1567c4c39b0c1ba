"""Third-party checkpoints: they are read safely, recognised, and converted to artifacts with a spec."""
