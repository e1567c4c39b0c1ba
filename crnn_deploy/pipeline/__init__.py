"""Recipes: from a checkpoint to a report in one resumable run."""

from crnn_deploy.pipeline.recipe import Recipe, load_recipe
from crnn_deploy.pipeline.run import RunConfig, RunResult, run

__all__ = ["Recipe", "RunConfig", "RunResult", "load_recipe", "run"]
