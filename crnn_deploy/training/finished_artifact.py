"""The artifact of a finished training."""

from __future__ import annotations

from crnn_deploy.artifact import Artifact, open_artifact, write_safetensors
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.config import TrainingImages
from crnn_deploy.training.fitting import FittedWeights
from crnn_deploy.training.training_setup import TrainingSetup


def write_fitted(setup: TrainingSetup, spec: ModelSpec, fitted: FittedWeights, config: TrainingImages) -> Artifact:
    """Write the weights to `config.output` and remove the folder of the training. Every process opens the artifact.

    Args:
        spec: with the lineage of the training.
    """
    if setup.fabric.is_global_zero:
        finished = spec.model_copy(update={"metrics": {"validation": {"error": fitted.error}}})
        write_safetensors(config.output, fitted.weights, finished, config.force)
        setup.folder.remove()
    setup.fabric.barrier()
    return open_artifact(config.output)
