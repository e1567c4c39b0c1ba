"""What a student learns from; each loss is a small class, and a recipe combines them."""

from crnn_deploy.training.losses.base import Loss, Outputs
from crnn_deploy.training.losses.building import build_loss, check_task, default_losses
from crnn_deploy.training.losses.frames import spike_agreement
from crnn_deploy.training.losses.options import LossOptions

__all__ = ["Loss", "LossOptions", "Outputs", "build_loss", "check_task", "default_losses", "spike_agreement"]
