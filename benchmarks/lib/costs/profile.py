"""Time and tensors of each node, as the profile of ONNX Runtime tells them."""

from __future__ import annotations

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from crnn_deploy.onnx_graph.wiring import constants_of
from crnn_deploy.runtime.onnxruntime import session_options

FEWEST = 5
WARMUP = 3
_EVENT = "_kernel_time"  # behind the name of a node
_ITEMS = {"float": 4, "double": 8, "float16": 2, "bfloat16": 2, "bool": 1}  # others are named as in NumPy


@dataclass(frozen=True)
class Tensor:
    """A tensor as it was in the profiled runs."""

    shape: tuple[int, ...]
    item: int

    @property
    def bytes(self) -> int:
        return prod(self.shape) * self.item


@dataclass(frozen=True)
class ProfiledNode:
    """A node and its undisturbed µs, with what the profile itself adds."""

    node: onnx.NodeProto
    us: float


class Profile:
    """Runs a model on one thread and keeps the time of each node and the size of each tensor by name.

    The µs of a node are the mean of the fastest tenth of its times, by the wall clock: it has no CPU time. The profile
    cuts off the fractions of a µs, so half of one is added.

    Args:
        model: whose nodes have names of their own; it runs as it is, without changes by ONNX Runtime.
        rounds: most runs; they end earlier after `seconds`, but not before `FEWEST`.
    """

    def __init__(self, model: onnx.ModelProto, feeds: Mapping[str, NDArray[Any]], rounds: int, seconds: float) -> None:
        times: defaultdict[str, list[float]] = defaultdict(list)
        outputs = {node.name: [name for name in node.output if name] for node in model.graph.node}
        known = {**constants_of(model.graph), **feeds}
        self.tensors = {name: Tensor(array.shape, array.itemsize) for name, array in known.items()}
        for event in _events(model, feeds, rounds, seconds):
            name = event["name"].removesuffix(_EVENT)
            times[name].append(event["dur"])
            self.tensors.update(zip(outputs[name], map(_tensor, event["args"]["output_type_shape"]), strict=False))
        self.nodes = [ProfiledNode(node, _fastest(times[node.name])) for node in model.graph.node if times[node.name]]


def _events(
    model: onnx.ModelProto, feeds: Mapping[str, NDArray[Any]], rounds: int, seconds: float
) -> list[dict[str, Any]]:
    """What the profile tells of the nodes of the model, without those inside of branches, and without the warm-up."""
    with tempfile.TemporaryDirectory() as folder:
        options = session_options(1)
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        end = time.monotonic() + seconds
        for turn in range(WARMUP + rounds):
            if turn >= WARMUP + FEWEST and time.monotonic() > end:
                break
            session.run(None, dict(feeds))
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    names = {node.name + _EVENT for node in model.graph.node}
    ran = [event for event in events if event["name"] in names]
    return ran[WARMUP * len({event["name"] for event in ran}) :]


def _tensor(told: Mapping[str, list[int]]) -> Tensor:
    """From `{"uint8": [1, 32]}`."""
    ((kind, shape),) = told.items()
    return Tensor(tuple(shape), _ITEMS.get(kind) or np.dtype(kind).itemsize)


def _fastest(times: list[float]) -> float:
    ordered = np.sort(times)
    return float(ordered[: max(1, len(ordered) // 10)].mean()) + 0.5
