"""What a model file is: its spec, parameters, multiply-accumulates, number formats and history."""

from crnn_deploy.inspection.describe import Description, describe
from crnn_deploy.inspection.facts import Facts, measure

__all__ = ["Description", "Facts", "describe", "measure"]
