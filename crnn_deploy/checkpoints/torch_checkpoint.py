"""Networks from PyTorch checkpoints: of a supported family, or the user's own class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from crnn_deploy.checkpoints.detection import detect
from crnn_deploy.checkpoints.narrowest_width import with_readable_width
from crnn_deploy.checkpoints.spec_file import check_outputs, make_spec
from crnn_deploy.checkpoints.state_dict import StateDict, shortened_names
from crnn_deploy.checkpoints.trial import check_forward
from crnn_deploy.files import printable
from crnn_deploy.models.assembly import build, build_with_weights
from crnn_deploy.models.user_module import module_architecture
from crnn_deploy.models.weights import load_weights
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.spec import ModelSpec


@dataclass(frozen=True)
class Detected:
    """A network of a supported family with its weights."""

    family: str
    spec: ModelSpec
    model: nn.Module


def load_detected(state: StateDict, path: Path, spec_file: Path | None = None) -> Detected:
    """The network of a state dict of a supported family; fields in `spec_file` replace those of the family.

    Raises:
        InputError: if the family is unknown, or the charset or the weights don't fit it.
    """
    *_, shortest = shortened_names(state.tensors)
    adapter = detect(shortest, str(path))
    recognised = adapter.load(StateDict(shortest, state.extras))
    spec = make_spec(printable(path.stem), recognised.fields, spec_file)
    check_outputs(spec, recognised.outputs, str(path))
    model = build_with_weights(spec, recognised.tensors, str(path))
    return Detected(adapter.FAMILY, spec, model)


def load_own(state: StateDict, path: Path, module: str, spec_file: Path) -> tuple[ModelSpec, nn.Module]:
    """The network of the user's class `module`, whose file is executed, with the weights of a state dict.

    Raises:
        InputError: if the class, the spec or the weights can't be used.
    """
    spec = make_spec(printable(path.stem), {}, spec_file)
    arguments = spec.architecture.options.get("arguments", {}) if spec.architecture else {}
    spec = spec.model_copy(update={"architecture": module_architecture(module, arguments)})
    model = build(spec, trust_module=True)
    own = model.state_dict().keys()
    tensors = next((named for named in shortened_names(state.tensors) if own & named.keys()), state.tensors)
    load_weights(model, tensors, str(path))
    return spec, model


def tried_out(model: nn.Module, spec: ModelSpec, progress: Progress) -> ModelSpec:
    """The spec of a network that runs as it says, with a `min_width` that the network reads.

    Raises:
        InputError: if the network fails, or its output differs from the spec.
    """
    check_forward(model, spec)
    return with_readable_width(TorchSession(model, spec), progress)
