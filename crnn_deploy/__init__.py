"""crnn-deploy: from trained CRNN checkpoints to small, fast models whose decoded text has been checked."""

__version__ = "0.1.0"
