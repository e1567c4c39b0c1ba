"""The articles' networks as FP32 and INT8 artifacts, with random weights: size and speed do not depend on training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from quantized_anyway import quantized_anyway
from torch import nn

from crnn_deploy.api import export
from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.data.network_inputs import NetworkInputs
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import NetworkChoice
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.spec import ModelSpec

_CHOICE: TypeAdapter[Any] = TypeAdapter(NetworkChoice)
_NORMALISED_ON = 32  # images that batch normalisation is set by


@dataclass(frozen=True)
class Network:
    """A network of `models/pictures`: `FAMILY[:KEY=VALUE,…]`, for pictures of `size`×`size` pixels."""

    name: str
    choice: str
    size: int
    colours: str = "RGB"
    classes: int = 100


@dataclass(frozen=True)
class Made:
    """The files of a network."""

    fp32: Artifact
    int8: Artifact
    facts: dict[str, Any]


def built(network: Network) -> tuple[ModelSpec, nn.Module]:
    """Spec and network, with the same fresh weights every time."""
    names = tuple(f"class {index}" for index in range(network.classes))
    size = (network.size, network.size)
    spec = picture_spec(network.name, _CHOICE.validate_python(network.choice), names, network.colours, size)
    torch.manual_seed(0)
    return spec, build(spec)


def made(network: Network, data: str, samples: int, folder: Path) -> Made:
    """The network as FP32 and INT8.

    The cap on the error is 100 %, so that no layer stays in FP32 for accuracy, which weights of chance do not have.
    Layers that are slower in INT8 do, as always.
    """
    spec, model = built(network)
    _normalise(model, data, spec)
    stem = folder / f"{network.name}-{network.size}"
    weights = write_safetensors(stem.with_suffix(".safetensors"), model.state_dict(), spec)
    fp32 = export(ExportConfig(model=weights.path, output=stem.with_suffix(".onnx")))
    config = QuantizeConfig(
        model=fp32.path, data=data, output=stem.with_suffix(".int8.onnx"), samples=samples, held_out=samples,
        calibrator="minmax", max_error_rise=1.0, threads=1, force=True,
    )  # fmt: skip
    done, rejection = quantized_anyway(config)
    layers = done.record.layers
    facts = {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "fp32_bytes": fp32.size_bytes,
        "int8_bytes": done.artifact.size_bytes,
        "layers": len(layers),
        "layers_in_fp32": [layer.layer for layer in layers if layer.precision == "fp32"],
        "rejected": "" if rejection is None else rejection.what,
    }
    return Made(fp32, done.artifact, facts)


def _normalise(model: nn.Module, data: str, spec: ModelSpec) -> None:
    """Mean and variance of batch normalisation from a few pictures, so that values keep their size from layer to layer.

    Without it 18 layers of chance end in values that no INT8 range would fit.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        return
    for norm in norms:
        norm.momentum = 1.0
    pictures = NetworkInputs(sample(open_source(data), _NORMALISED_ON, seed=0), spec.preprocessing)
    model.train()
    with torch.inference_mode():
        model(torch.cat([torch.from_numpy(picture) for picture in pictures]))
    model.eval()
