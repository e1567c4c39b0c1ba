"""Third-party checkpoints: read safely, recognised, and turned into artifacts that carry their spec."""

from crnn_deploy.checkpoints.importing import ImportConfig, import_checkpoint

__all__ = ["ImportConfig", "import_checkpoint"]
