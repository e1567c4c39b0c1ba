"""The registry of families, which builds a network from a spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact, read_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.models.crnn import CRNN_STRIDE, build_crnn
from crnn_deploy.models.layers.build import FAMILY as LAYERS
from crnn_deploy.models.layers.build import build_layers, layers_options, width_stride
from crnn_deploy.models.legere import LEGERE_STRIDE, build_legere
from crnn_deploy.models.pictures.families import PICTURE_FAMILIES, build_picture_network
from crnn_deploy.models.student import build_student, student_stride
from crnn_deploy.models.user_module import FAMILY as MODULE
from crnn_deploy.models.user_module import build_user_module, not_trusted
from crnn_deploy.models.vgg_lstm import EASYOCR_STRIDE, build_easyocr_g2
from crnn_deploy.models.weights import check_fit, load_weights
from crnn_deploy.spec import ModelSpec
from crnn_deploy.units import listed

FAMILIES: dict[str, Callable[[ModelSpec], nn.Module]] = {
    "crnn-bigru": build_crnn,
    "crnn-bilstm": build_crnn,
    "easyocr-g2": build_easyocr_g2,
    LAYERS: build_layers,
    "legere": build_legere,
    "mobilenet-v1-gru": build_student,
    "mobilenet-v3-gru": build_student,
    "mobilenet-v4-gru": build_student,
    MODULE: build_user_module,
    **dict.fromkeys(PICTURE_FAMILIES, build_picture_network),
}

WITH_VECTOR = (*PICTURE_FAMILIES, *(family for family, make in FAMILIES.items() if make is build_student))
"""Families that can take a vector as their second input."""

_STRIDES = {
    "crnn-bigru": CRNN_STRIDE,
    "crnn-bilstm": CRNN_STRIDE,
    "easyocr-g2": EASYOCR_STRIDE,
    "legere": LEGERE_STRIDE,
}


def build(spec: ModelSpec, trust_module: bool = False) -> nn.Module:
    """The network that `spec.architecture` describes, in evaluation mode, without its trained weights.

    It maps `[N, C, H, W]`, and vectors `[N, V]` where the spec has some, to CTC logits `[N, T, K]` (axes as in
    `spec.output_layout`) or class logits `[N, K]`.

    Args:
        trust_module: run the Python file that the spec of a user's own network names.

    Raises:
        InputError: if the spec has no architecture, one that this version does not know, or one whose file is not
            trusted.
    """
    return FAMILIES[family_of(spec, trust_module)](spec).eval()


def family_of(spec: ModelSpec, trust_module: bool = False) -> str:
    """The family of a network that may be built. Raises `InputError` for any other, as `build` does."""
    if spec.architecture is None:
        raise InputError(f"{spec.name} has no PyTorch architecture.", "It was imported as an ONNX file.")
    family = spec.architecture.family
    if family not in FAMILIES:
        raise InputError(f"Unknown architecture '{family}'.", f"Known: {', '.join(FAMILIES)}.", "Upgrade crnn-deploy.")
    if spec.preprocessing.vector and family not in WITH_VECTOR:
        raise InputError(
            f"{family} takes pictures alone, and {spec.name} has a vector beside them.",
            f"The vector is {listed(spec.preprocessing.vector_names)}.",
            f"Take one of {', '.join(WITH_VECTOR)}.",
        )
    if family == MODULE and not trust_module:
        raise not_trusted(spec)
    return family


def outline(spec: ModelSpec) -> nn.Module:
    """The network of `spec` on the meta device, where it needs no memory; never a user's own. Raises as `build`."""
    with torch.device("meta"):
        return build(spec)


def build_with_weights(
    spec: ModelSpec, tensors: Mapping[str, Tensor], name: str, trust_module: bool = False
) -> nn.Module:
    """The network of `spec` with the tensors of the file `name`, in evaluation mode.

    Raises:
        InputError: as `build` does, or if the tensors don't fit.
    """
    if family_of(spec, trust_module) == MODULE:
        model = build(spec, trust_module)
        load_weights(model, tensors, name)
        return model
    check_fit(outline(spec).state_dict(), tensors, name)  # first: it may claim more memory than this machine has
    model = build(spec)
    model.load_state_dict(dict(tensors))
    return model


def load_model(artifact: Artifact) -> nn.Module:
    """The network of a `.safetensors` artifact with its weights, in evaluation mode.

    Raises:
        InputError: if the weights don't fit the architecture or are not finite, or it names code that is not trusted.
    """
    if artifact.format != "safetensors":
        raise InputError(f"{artifact.path} holds no PyTorch weights.", fix="Give the .safetensors artifact.")
    tensors = read_safetensors(artifact.path)
    return build_with_weights(artifact.spec, tensors, str(artifact.path), artifact.trust_module)


def stride_of(spec: ModelSpec) -> int:
    """Input pixels for each output frame of a network that reads lines.

    Raises:
        InputError: if the family is not one whose stride is known.
    """
    family = spec.architecture.family if spec.architecture is not None else None
    if family in _STRIDES:
        return _STRIDES[family]
    if family == LAYERS:
        return width_stride(layers_options(spec).layers)
    if family is None or FAMILIES.get(family) is not build_student:
        raise InputError(f"The stride of {spec.name} is unknown.", "Its network is not one of crnn-deploy's families.")
    return student_stride(spec)
