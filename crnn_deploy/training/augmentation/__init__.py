"""Distorts training pictures as printers, scanners, cameras and careless crops do."""

from crnn_deploy.training.augmentation.augmentation import Augmentation

__all__ = ["Augmentation"]
