"""crnn-deploy: from trained CRNN checkpoints to small, fast models whose decoded text has been checked.

The verbs of the command line are functions here, each taking its config:

    from crnn_deploy import evaluate
    from crnn_deploy.evaluation import EvaluateConfig

    evaluate(EvaluateConfig(artifact="student.int8.onnx", data="val.tar")).accuracy.cer_ci
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crnn_deploy.benchmark import benchmark
    from crnn_deploy.checkpoints import import_checkpoint
    from crnn_deploy.engine import build_engine
    from crnn_deploy.evaluation import evaluate, predict
    from crnn_deploy.export import export
    from crnn_deploy.native import ort_custom_ops_path
    from crnn_deploy.pipeline.run import run
    from crnn_deploy.quantization import quantize
    from crnn_deploy.training import distill

__version__ = "0.1.0"
__all__ = [
    "benchmark",
    "build_engine",
    "distill",
    "evaluate",
    "export",
    "import_checkpoint",
    "ort_custom_ops_path",
    "predict",
    "quantize",
    "run",
]

_ROOMS = {
    "benchmark": "benchmark",
    "build_engine": "engine",
    "distill": "training",
    "evaluate": "evaluation",
    "export": "export",
    "import_checkpoint": "checkpoints",
    "ort_custom_ops_path": "native",
    "predict": "evaluation",
    "quantize": "quantization",
    "run": "pipeline",
}


class _Package(ModuleType):
    """Keeps the verbs `export` and `benchmark` apart from the rooms of the same names.

    Importing a room would put it in the verb's place. Loading all rooms beforehand would avoid that, but PyTorch takes
    1.7 s to load, where `crnn-deploy --help` takes 0.3 s.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _ROOMS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Load a verb when it is first asked for."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
