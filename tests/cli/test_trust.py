"""The code of strangers is not run by default, whichever verb meets it: `test_hostile_models.py` tries the verbs."""

from __future__ import annotations

from crnn_deploy.cli.app import app
from crnn_deploy.config import Frozen


def test_no_config_trusts_by_default() -> None:
    assert app  # all verbs with their configs are imported
    unseen: list[type[Frozen]] = [Frozen]
    trusting = {}
    while unseen:
        config = unseen.pop()
        unseen += config.__subclasses__()
        if "trust_module" in config.model_fields:
            trusting[config.__name__] = config.model_fields["trust_module"].default
    assert set(trusting) >= {"EvaluateConfig", "PredictConfig", "BenchmarkConfig", "ExportConfig", "RunConfig"}
    assert set(trusting.values()) == {False}
