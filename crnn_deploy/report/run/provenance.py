"""Machine and data set of a report, as labels and values."""

from __future__ import annotations

from crnn_deploy import units
from crnn_deploy.environment import Environment
from crnn_deploy.evaluation.result import DatasetFacts


def environment_facts(environment: Environment) -> list[tuple[str, str]]:
    """Label and value of everything that speed depends on; facts without a value are left out."""
    facts = [
        ("Processor", f"{environment.processor}, {environment.cores} cores"),
        ("Instruction sets", ", ".join(environment.instruction_sets)),
        ("Memory", units.size(environment.memory_bytes) if environment.memory_bytes else ""),
        ("Platform", environment.platform),
        ("Python", environment.python),
        ("Packages", ", ".join(f"{name} {version}" for name, version in environment.packages.items())),
        ("ONNX Runtime providers", ", ".join(environment.providers)),
        ("INT8 GRU/LSTM kernels", environment.kernels or "none: such layers ran in FP32"),
        ("GPUs", ", ".join(environment.gpus)),
    ]
    return [(label, value) for label, value in facts if value]


def dataset_facts(dataset: DatasetFacts) -> list[tuple[str, str]]:
    """Label and value of which images the accuracy was measured on."""
    return [
        ("Data set", dataset.name),
        ("Images", f"{dataset.count:,}"),
        ("Fingerprint", dataset.fingerprint),
    ]
