"""The layers of a Keras model from its images to its last layer, from the config alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crnn_deploy.checkpoints.families.keras.container import KerasFile
from crnn_deploy.errors import InputError

_INPUT = "InputLayer"
_LOOKUP = "StringLookup"
_MERGES = ("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract")
_IMAGE_AXES = 4  # with the batch
_ADVICE = "Save the part of the model from its images to its last Dense layer: keras.Model(INPUT, OUTPUT).save(PATH)."


@dataclass(frozen=True)
class KerasLayer:
    """A layer: its class, its name and the rest of its config."""

    kind: str
    name: str
    config: Mapping[str, Any]
    parents: tuple[str, ...] = ()
    calls: int = 1
    custom: bool = False


@dataclass(frozen=True)
class Chain:
    """The network.

    Attributes:
        shape: of one image; None: an axis of any size.
        layers: in their order.
        dropped: layers after the network which compute the loss.
        vocabulary: classes in their order, of a `StringLookup` beside the network; empty: there is none.
    """

    shape: tuple[int | None, ...]
    layers: tuple[KerasLayer, ...]
    dropped: tuple[KerasLayer, ...]
    vocabulary: tuple[str, ...]


def read_chain(file: KerasFile, path: object) -> Chain:
    """The layers in the config of a model.

    Raises:
        InputError: if it is no sequential or functional model, or its layers don't follow one another.
    """
    kind, config = file.model.get("class_name"), file.model.get("config")
    if kind not in ("Sequential", "Functional", "Model") or not isinstance(config, dict):
        raise InputError(
            f"{path} holds a Keras model of the class {str(kind)[:60]}, whose layers are in its code, not in the file.",
            "Only sequential and functional models describe themselves.",
            "Rebuild it as a functional model with the same layers, set its weights, and save that.",
        )
    listed = [_layer(entry, path) for entry in _list(config.get("layers"))]
    sequential = kind == "Sequential"
    chain = _sequential(listed, config, file.model) if sequential else _functional(listed, config)
    first, *rest = chain
    dropped = [layer for layer in listed if not sequential and _is_loss(layer, listed)]
    return Chain(_shape(first, path), tuple(rest), tuple(dropped), _vocabulary(listed))


def _layer(entry: Any, path: object) -> KerasLayer:
    config = entry.get("config") if isinstance(entry, dict) else None
    if not isinstance(config, dict):
        raise InputError(f"The config of {path} is damaged: a layer has none.", fix=_ADVICE)
    nodes = _list(entry.get("inbound_nodes"))
    return KerasLayer(
        str(entry.get("class_name")),
        str(config.get("name", entry.get("name", ""))),
        config,
        tuple(dict.fromkeys(_tensors(nodes))),
        len(nodes),
        custom=bool(entry.get("registered_name")),
    )


def _tensors(value: Any) -> Iterator[str]:
    """Names of the layers that a node reads: `keras_history` of Keras 3, `[name, node, tensor, …]` of Keras 2."""
    if isinstance(value, dict):
        history = value.get("keras_history")
        if isinstance(history, list) and history:
            yield str(history[0])
        else:
            for inner in value.values():
                yield from _tensors(inner)
    elif isinstance(value, list):
        if len(value) >= 3 and isinstance(value[0], str) and all(isinstance(number, int) for number in value[1:3]):
            yield value[0]
            value = value[3:]
        for inner in value:
            yield from _tensors(inner)


def _sequential(listed: list[KerasLayer], config: Mapping[str, Any], model: Mapping[str, Any]) -> list[KerasLayer]:
    if listed and listed[0].kind == _INPUT:
        return listed
    build = model.get("build_config")
    shapes = [
        *(listed[0].config.get(key) for key in ("batch_input_shape", "batch_shape") if listed),
        config.get("build_input_shape"),
        build.get("input_shape") if isinstance(build, dict) else None,
    ]
    shape = next((shape for shape in shapes if isinstance(shape, list)), None)
    return [KerasLayer(_INPUT, "input", {"batch_shape": shape}), *listed]


def _functional(listed: list[KerasLayer], config: Mapping[str, Any]) -> list[KerasLayer]:
    """From the output back to the images, past the layers that compute the loss."""
    by_name = {layer.name: layer for layer in listed}
    outputs = list(dict.fromkeys(_tensors(config.get("output_layers"))))
    if len(outputs) != 1 or outputs[0] not in by_name:
        raise InputError(
            f"The Keras model has {len(outputs)} outputs: {', '.join(outputs[:5]) or 'none'}.",
            "crnn-deploy needs the one with the classes of each frame.",
            _ADVICE,
        )
    layer = by_name[outputs[0]]
    while _is_loss(layer, listed):
        layer = _predicting(layer, by_name)
    chain: list[KerasLayer] = []
    while layer.kind != _INPUT:
        chain.append(layer)
        if len(chain) > len(listed):
            raise InputError("The config of the Keras model is damaged: its layers read each other in a circle.")
        layer = _parent(layer, by_name)
    return [layer, *reversed(chain)]


def _parent(layer: KerasLayer, by_name: Mapping[str, KerasLayer]) -> KerasLayer:
    if len(layer.parents) != 1 or layer.parents[0] not in by_name or layer.calls != 1:
        reads = ", ".join(layer.parents[:5]) or "nothing"
        raise InputError(
            f"The layer {layer.name} ({layer.kind}) of the Keras model reads {reads}"
            f"{' in several places' if layer.calls > 1 else ''}.",
            "Only networks whose layers follow one another can be imported; this one has branches.",
        )
    return by_name[layer.parents[0]]


def _predicting(loss: KerasLayer, by_name: Mapping[str, KerasLayer]) -> KerasLayer:
    """What a loss reads besides labels and lengths."""
    found = [by_name[name] for name in loss.parents if name in by_name and by_name[name].kind not in (_INPUT, _LOOKUP)]
    if len(found) != 1:
        raise InputError(
            f"The layer {loss.name} ({loss.kind}) reads {', '.join(loss.parents[:5])}.",
            "It cannot be told which of them is the prediction.",
            _ADVICE,
        )
    return found[0]


def _is_loss(layer: KerasLayer, listed: list[KerasLayer]) -> bool:
    """Whether a layer computes CTC or another loss: nothing reads it, and it reads labels beside the prediction."""
    if layer.kind in _MERGES or any(layer.name in other.parents for other in listed):
        return False
    inputs = {other.name for other in listed if other.kind in (_INPUT, _LOOKUP)} & set(layer.parents)
    return 0 < len(inputs) < len(layer.parents) or "ctc" in layer.kind.lower()


def _shape(layer: KerasLayer, path: object) -> tuple[int | None, ...]:
    """The shape of one image."""
    config = layer.config
    shape = config.get("batch_shape", config.get("batch_input_shape"))
    sizes = shape[1:] if isinstance(shape, list) else None
    if not sizes or not all(size is None or (type(size) is int and size > 0) for size in sizes):
        raise InputError(
            f"{path} does not say which images it reads: the shape of its input is {str(shape)[:60]}.",
            fix="Begin the model with keras.Input((HEIGHT, WIDTH, CHANNELS)), and save it again.",
        )
    return tuple(sizes)


def _vocabulary(listed: list[KerasLayer]) -> tuple[str, ...]:
    """The classes of a lookup that turns characters into numbers: first the mask, if any, and those for the unknown."""
    for layer in listed:
        words = layer.config.get("vocabulary")
        if layer.kind == _LOOKUP and isinstance(words, list) and all(isinstance(word, str) for word in words):
            unknown = layer.config.get("num_oov_indices", 1)
            first = int(layer.config.get("mask_token") is not None) + (unknown if type(unknown) is int else 1)
            return (*[""] * max(0, min(first, len(words))), *words)
    return ()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
