"""Tiny models and their INT8 forms."""

from __future__ import annotations

from safetensors.torch import load_file
from tiny_crnn import tiny_artifact, tiny_spec

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize


def fp32(folder, change=None, **options):
    """A tiny model; `change` edits its weights."""
    spec = tiny_spec(**options)
    artifact = tiny_artifact(folder, spec)
    if change is not None:
        tensors = load_file(artifact.path)
        change(tensors)
        write_safetensors(artifact.path, tensors, spec, force=True)
    return export(ExportConfig(model=artifact.path, output=folder / "tiny.onnx"))


def int8(parent, calib, **options):
    output = parent.path.with_name("tiny.int8.onnx")
    return quantize(QuantizeConfig(model=parent.path, data=str(calib), output=output, **options))


def placements(record):
    return {layer.layer.split("/")[-1]: layer.precision for layer in record.layers}
