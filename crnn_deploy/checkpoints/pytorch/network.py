"""Networks from PyTorch checkpoints: of a supported family, or the user's own class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from torch import nn

from crnn_deploy.checkpoints.families.catalogue import FILES
from crnn_deploy.checkpoints.families.family import Checkpoint, Family, FileFamily, Recognised
from crnn_deploy.checkpoints.narrowest_width import with_readable_width
from crnn_deploy.checkpoints.pytorch.detection import detect
from crnn_deploy.checkpoints.pytorch.state_dict import namings, read_state_dict
from crnn_deploy.checkpoints.pytorch.trial import check_forward
from crnn_deploy.checkpoints.pytorch.user_outputs import with_measured_outputs
from crnn_deploy.checkpoints.spec_file import check_outputs, make_spec
from crnn_deploy.errors import InputError
from crnn_deploy.files import printable, require_file
from crnn_deploy.models.assembly import build, build_with_weights
from crnn_deploy.models.user_module import module_architecture
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.torch import TorchSession
from crnn_deploy.spec import ModelSpec
from crnn_deploy.validation import explained


@dataclass(frozen=True)
class Detected:
    """A network of a known family with its weights, and why it is of this family."""

    family: str
    reason: str
    spec: ModelSpec
    model: nn.Module


def load_detected(path: Path, family: str = "", language: str = "", spec_file: Path | None = None) -> Detected:
    """The network of a checkpoint of a known family; fields in `spec_file` replace those of the family.

    Args:
        family: that it is said to be of; empty: it is looked for.
        language: of its charset, where the family has several.

    Raises:
        InputError: if the family is unknown, or the charset or the weights don't fit it.
    """
    name, reason, recognised = _recognised(path, family, language)
    try:
        spec = make_spec(printable(path.stem), recognised.fields, spec_file)
        check_outputs(spec, recognised.outputs, str(path))
    except InputError as error:
        cause = "\n".join(filter(None, (error.cause, recognised.note and f"{name}: {recognised.note}.")))
        raise InputError(error.what, cause, error.fix) from None
    model = build_with_weights(spec, recognised.tensors, str(path))
    return Detected(name, "; ".join(filter(None, (reason, recognised.note))), spec, model)


def own_format(path: Path) -> FileFamily | None:
    """The family whose own format a file has; None of PyTorch checkpoints."""
    require_file(path)
    return next((family for family in FILES if family.opens(path)), None)


def _recognised(path: Path, family: str, language: str) -> tuple[str, str, Recognised]:
    """The family, why it is this one, and what the checkpoint holds."""
    file_family = own_format(path)
    if file_family is not None:
        return (
            file_family.name,
            f"its format is that of {file_family.name}",
            _allowed(file_family, path, lambda: file_family.read(path)),
        )
    state = read_state_dict(path)
    named = [Checkpoint(path, tensors, state.extras, language) for tensors in namings(state.tensors)]
    found, checkpoint, reason = detect(named, family)
    return found.name, reason + state.remark, _allowed(found, path, lambda: found.load(checkpoint))


def _allowed(family: Family, path: Path, load: Callable[[], Recognised]) -> Recognised:
    """What `load` gives. Raises `InputError` for sizes that no layer may have, too."""
    try:
        return load()
    except ValidationError as error:  # of the options of a layer
        raise InputError(
            f"The sizes of {path} are none that a network of the family {family.name} can have.", explained(error)
        ) from None


def load_own(path: Path, module: str, spec_file: Path, progress: Progress) -> tuple[ModelSpec, nn.Module]:
    """The network of the user's class `module`, whose file is executed, with the weights of a checkpoint.

    Axes and form of its outputs are measured, unless the spec file says them.

    Raises:
        InputError: if the class, the spec or the weights can't be used.
    """
    state = read_state_dict(path)
    spec = make_spec(printable(path.stem), {}, spec_file)
    arguments = spec.architecture.options.get("arguments", {}) if spec.architecture else {}
    spec = spec.model_copy(update={"architecture": module_architecture(module, arguments)})
    own = build(spec, trust_module=True).state_dict().keys()
    fitting = max(namings(state.tensors), key=lambda named: len(own & named.keys()))  # the first of equal ones
    spec = with_measured_outputs(spec, fitting, str(path), progress)
    return spec, build_with_weights(spec, fitting, str(path), trust_module=True)


def tried_out(model: nn.Module, spec: ModelSpec, progress: Progress) -> ModelSpec:
    """The spec of a network that runs as it says, with a `min_width` that the network reads.

    Raises:
        InputError: if the network fails, or its output differs from the spec.
    """
    check_forward(model, spec)
    return with_readable_width(TorchSession(model, spec), progress)
