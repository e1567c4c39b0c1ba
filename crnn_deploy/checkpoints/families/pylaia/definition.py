"""What PyLaia's weights do not say of their network: strides, dilations, pooling, activations, and its sequencer.

`pylaia-htr-create-model` writes it into a pickle named `model`: the name of a class and its arguments. That file is
read like a checkpoint, and nothing in it is run. Where it is lost, the options of that command count, from a YAML file
with the checkpoint's name; where there is no such file either, the defaults of the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crnn_deploy.checkpoints.families.pylaia.neighbours import beside_or_above
from crnn_deploy.checkpoints.pytorch.pickled import load_pickled
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_HEIGHT, MAX_KERNEL
from crnn_deploy.text_formats import read_yaml

_FILE, _CLASS = "model", "LaiaCRNN"
_OPTIONS = ("crnn", "fixed_input_height", "adaptive_pooling")  # of which a YAML file has one at least
_POOLING = (2, 2, 2, 0)  # PyLaia's default for its default of four convolutions

Pair = tuple[int, int]


@dataclass(frozen=True)
class Definition:
    """The arguments of PyLaia's `LaiaCRNN` that its weights do not tell.

    Attributes:
        strides, dilations: of each convolution.
        poolings: sizes of the max pooling after each convolution; a size of 0 means none.
        activations: names of PyTorch's classes.
        sequencer: such as `avgpool-16`; empty: unknown.
        height: of lines in pixels; 0: unknown.
        source: where this was found.
    """

    strides: tuple[Pair, ...]
    dilations: tuple[Pair, ...]
    poolings: tuple[Pair, ...]
    activations: tuple[str, ...]
    sequencer: str
    height: int
    source: str


def read_definition(checkpoint: Path, convolutions: int) -> Definition:
    """The definition of the network of a checkpoint with so many convolutions.

    Raises:
        InputError: if a file is damaged or defines another network, or the pooling is not known.
    """
    arguments, height, source = _found(checkpoint)
    if arguments.get("vertical_text"):
        raise InputError(f"{source} says vertical_text, and crnn-deploy reads lines from the left to the right.")
    if "cnn_poolsize" not in arguments and convolutions != len(_POOLING):
        raise InputError(
            f"Where the {convolutions} convolutions of {checkpoint} are followed by pooling is not known.",
            f"The weights do not tell, and PyLaia has a default for {len(_POOLING)} convolutions only.",
            f"Put PyLaia's file `{_FILE}` beside it, or a {checkpoint.stem}.yaml with `crnn: {{cnn_poolsize: […]}}`.",
        )
    return Definition(
        strides=_pairs(arguments, "cnn_stride", [1] * convolutions, convolutions, source),
        dilations=_pairs(arguments, "cnn_dilation", [1] * convolutions, convolutions, source),
        poolings=_pairs(arguments, "cnn_poolsize", [*_POOLING], convolutions, source, least=0),
        activations=_activations(arguments, convolutions, source),
        sequencer=str(arguments.get("image_sequencer", ""))[:40],
        height=height,
        source=source,
    )


def _found(checkpoint: Path) -> tuple[Mapping[str, Any], int, str]:
    """Arguments of the network, the height of lines, and where these were found."""
    options, height = _from_options(checkpoint.with_suffix(".yaml"))
    file = beside_or_above(checkpoint, _FILE)
    if file is not None:
        return _from_pickle(file), height, str(file)
    if options is not None:
        return options, height, str(checkpoint.with_suffix(".yaml"))
    return {}, 0, f"PyLaia's defaults, since there is no file `{_FILE}` beside it"


def _from_pickle(file: Path) -> Mapping[str, Any]:
    content = load_pickled(file)
    arguments = content.get("kwargs") if isinstance(content, Mapping) and content.get("name") == _CLASS else None
    if not isinstance(arguments, Mapping):
        raise InputError(
            f"{file} is no definition of a {_CLASS} of PyLaia.",
            "It is of another network of PyLaia, or of another program.",
            "Put the model's own file there, or move this one away.",
        )
    return arguments


def _from_options(file: Path) -> tuple[Mapping[str, Any] | None, int]:
    """The options in a YAML file for `pylaia-htr-create-model`; None where there is no such file."""
    content = read_yaml(file) if file.is_file() else None
    if not isinstance(content, dict) or not any(name in content for name in _OPTIONS):
        return None, 0
    height, options = content.get("fixed_input_height") or 0, content.get("crnn") or {}
    if type(height) is not int or not 0 <= height <= MAX_HEIGHT or not isinstance(options, dict):
        raise InputError(
            f"{file}: `fixed_input_height` must be a number of pixels up to {MAX_HEIGHT:,}, and `crnn` a mapping.",
            fix="Give the file that pylaia-htr-create-model took with --config.",
        )
    adaptive = {} if height or "adaptive_pooling" not in content else {"image_sequencer": content["adaptive_pooling"]}
    return {**options, **adaptive}, height


def _pairs(
    arguments: Mapping[str, Any], name: str, default: list[int], count: int, source: str, least: int = 1
) -> tuple[Pair, ...]:
    """Sizes over height and width of each convolution; one number stands for both."""
    values = arguments.get(name, default)
    entries = values if isinstance(values, (list, tuple)) else []
    pairs = [tuple(entry) if isinstance(entry, (list, tuple)) else (entry, entry) for entry in entries]
    fitting = [pair for pair in pairs if len(pair) == 2 and all(_is_size(size, least) for size in pair)]
    if not len(fitting) == len(pairs) == count:
        raise _wrong(source, name, f"{count} sizes from {least} to {MAX_KERNEL}, or pairs of these")
    return tuple((first, second) for first, second in fitting)


def _is_size(value: object, least: int) -> bool:
    return type(value) is int and least <= value <= MAX_KERNEL


def _activations(arguments: Mapping[str, Any], count: int, source: str) -> tuple[str, ...]:
    """Names of classes; the pickle names the classes themselves, which stand-ins replace."""
    values = arguments.get("cnn_activation", ["LeakyReLU"] * count)
    entries = values if isinstance(values, (list, tuple)) else []
    names = [str(getattr(entry, "FOREIGN_NAME", entry)).rpartition(".")[2] for entry in entries]
    if len(names) != count:
        raise _wrong(source, "cnn_activation", f"{count} names of activations")
    return tuple(names)


def _wrong(source: str, name: str, expected: str) -> InputError:
    return InputError(
        f"{source}: {name} must be a list of {expected}.",
        "It defines another network than that of the weights, or is damaged.",
        "Put the model's own file there, or move this one away.",
    )
