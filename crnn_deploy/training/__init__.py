"""Training: one loop, its losses and schedules, and the verbs `train` and `distill`."""

from crnn_deploy.training.config import DistillConfig, DistillOptions, TrainConfig, TrainOptions
from crnn_deploy.training.distill import distill
from crnn_deploy.training.train import train

__all__ = ["DistillConfig", "DistillOptions", "TrainConfig", "TrainOptions", "distill", "train"]
