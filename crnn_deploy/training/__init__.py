"""Training: one loop, its losses and schedules, and the verb `distill`."""

from crnn_deploy.training.config import DistillConfig, DistillOptions
from crnn_deploy.training.distill import distill

__all__ = ["DistillConfig", "DistillOptions", "distill"]
