"""Find the activations that FP16 cannot hold, on real images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.engine.lowering.half_range import LARGEST
from crnn_deploy.engine.proof.rounding import half_tensors, widened
from crnn_deploy.onnx_graph.wiring import producers_of
from crnn_deploy.runtime.onnxruntime import open_network

_HEADROOM = 2.0  # other images may have higher peaks


@dataclass(frozen=True)
class Peak:
    """The largest magnitude among the results of a node."""

    node: str
    magnitude: float


def find_peaks(typed: onnx.ModelProto, images: Iterable[NetworkInput], threads: int | None = None) -> dict[str, float]:
    """The largest magnitude of each tensor that a typed graph holds in FP16, computed in FP32.

    Memory holds the activations of one batch `[N, C, H, W]` at a time.
    """
    tensors = half_tensors(typed)
    watched = widened(typed)
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors)
    network = open_network(watched, threads)
    peaks = dict.fromkeys(tensors, 0.0)
    for batch in images if tensors else []:
        for name, values in zip(tensors, network.run(network.filled(batch), tensors), strict=True):
            peaks[name] = float(np.maximum(peaks[name], np.abs(values).max(initial=0)))  # keeps NaN
    return peaks


def highest(typed: onnx.ModelProto, peaks: Mapping[str, float]) -> Peak | None:
    """The highest of the peaks; None where nothing is FP16."""
    if not peaks:
        return None
    name = max(peaks, key=lambda tensor: peaks[tensor])
    producers = producers_of(typed.graph)
    node = producers[name]
    if node.op_type == "Cast":  # the node before it is more informative
        node = producers.get(node.input[0], node)
    return Peak(node.name, peaks[name])


def overflowing(typed: onnx.ModelProto, peaks: Mapping[str, float]) -> Sequence[str]:
    """The nodes that must stay in FP32: those that compute or read values above half of FP16's largest number."""
    beyond = {name for name, magnitude in peaks.items() if not magnitude * _HEADROOM <= LARGEST}
    return [
        node.name
        for node in typed.graph.node
        if node.op_type != "Cast" and not beyond.isdisjoint((*node.input, *node.output))
    ]
