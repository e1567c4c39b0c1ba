"""Find the fastest plan on this machine: INT8 is slower where little is computed between conversions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.benchmark.timing import InterleavedTimer
from crnn_deploy.inspection.onnx_facts import OnnxGraph
from crnn_deploy.inspection.onnx_macs import product_macs
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.record import SpeedTrial
from crnn_deploy.quantization.rewrite.plan import Layer, Plan, linked
from crnn_deploy.runtime.onnxruntime import inference_session

ALL = "all"
ALL_BUT_FIRST = "all but the first convolution"
RECURRENT_ONLY = "recurrent"
MIXED = "mixed"

CLEARLY_FASTER = 1.02  # a smaller ratio may be chance
_WORTH_INT8 = 1.01  # a group of layers goes to INT8 from here on
_MUCH_FASTER = 1.05  # without INT8 in the first convolution
_SEARCH_SECONDS = 20.0

_ROUNDS, _WARMUP = 1000, 5
_TRIAL_SECONDS = 0.6  # a model
_STEP_SECONDS = 0.25  # a model, for each step of the search

Assemble = Callable[[Plan], onnx.ModelProto]


class Stopwatch(Protocol):
    """Measures the median time of models that run in turns."""

    def milliseconds(self, models: Sequence[onnx.ModelProto], seconds: float) -> list[float]:
        """Median time of each model, in their order, after each ran for about `seconds`."""
        ...


class InterleavedStopwatch:
    """Runs models in turns in this process, on one image `[1, C, H, W]` and one thread."""

    def __init__(self, image: NDArray[np.float32]) -> None:
        self._image = image

    def milliseconds(self, models: Sequence[onnx.ModelProto], seconds: float) -> list[float]:
        timer = InterleavedTimer(_ROUNDS, seconds, _WARMUP)
        times = timer.time([self._act(model) for model in models])
        return [float(np.median(each)) / 1e6 for each in times]

    def _act(self, model: onnx.ModelProto) -> Callable[[], object]:
        session = inference_session(model, threads=1)
        inputs = {session.get_inputs()[0].name: self._image}
        return lambda: session.run(None, inputs)


@dataclass(frozen=True)
class Choices:
    """Parts of a plan that may run faster in FP32.

    `recurrent` layers; `first`, the first convolution, which has so few input channels that it is often slower in INT8;
    and `groups` of layers that pass INT8 values to each other, in the order to try.
    """

    recurrent: Plan
    first: str
    groups: tuple[Plan, ...]


def choices_of(plan: Plan, model: onnx.ModelProto, layers: Sequence[Layer], input_shape: tuple[int, ...]) -> Choices:
    """The choices within a plan for `model`; the groups with the most multiply-accumulates come first."""
    macs = product_macs(OnnxGraph(model), input_shape)
    planned = [layer for layer in layers if layer.name in plan]
    groups = linked(model.graph, planned)
    return Choices(
        recurrent=frozenset(layer.name for layer in planned if layer.recurrent),
        first=next((layer.name for layer in layers if layer.op == "Conv"), ""),
        groups=tuple(sorted(groups, key=lambda group: -sum(macs[name] for name in group))),
    )


class Placement:
    """Finds the fastest plan within one that reads well enough.

    Where INT8 is clearly faster for the whole plan, the plan is kept, so that the same model gives the same file every
    time; only otherwise groups of layers are chosen by measuring.

    Args:
        parent: the FP32 graph.
        width: of the image that `stopwatch` runs, in pixels.
    """

    def __init__(
        self, parent: onnx.ModelProto, assemble: Assemble, stopwatch: Stopwatch, width: int, progress: Progress
    ) -> None:
        self._parent = parent
        self._assemble = assemble
        self._stopwatch = stopwatch
        self._width = width
        self._progress = progress

    def fastest(self, plan: Plan, choices: Choices) -> tuple[Plan, tuple[SpeedTrial, ...]]:
        """The fastest plan within `plan` and the trials that led to it, the chosen plan's last."""
        candidates = {RECURRENT_ONLY: choices.recurrent, ALL_BUT_FIRST: plan - {choices.first}, ALL: plan}
        candidates = {name: some for name, some in candidates.items() if some and (some != plan or name == ALL)}
        trials = self._trials(candidates)
        times = {trial.plan: trial.candidate_ms for trial in trials}
        leader = ALL_BUT_FIRST if times.get(ALL_BUT_FIRST, times[ALL]) * _MUCH_FASTER < times[ALL] else ALL
        others = [trials[0].parent_ms, *(times[name] for name in candidates if name == RECURRENT_ONLY)]
        if not all(times[leader] * CLEARLY_FASTER < other for other in others):
            candidates[MIXED] = self._search(choices.recurrent, choices.groups)
            trials = self._trials(candidates)
            leader = min(trials, key=lambda trial: trial.candidate_ms).plan
        return candidates[leader], tuple(sorted(trials, key=lambda trial: trial.plan == leader))

    def _trials(self, plans: Mapping[str, Plan]) -> tuple[SpeedTrial, ...]:
        """Times of the parent and of the models of all plans, run in turns."""
        models = [self._parent, *(self._assemble(plan) for plan in plans.values())]
        parent, *times = self._stopwatch.milliseconds(models, _TRIAL_SECONDS)
        return tuple(
            SpeedTrial(plan=name, width=self._width, parent_ms=parent, candidate_ms=time)
            for name, time in zip(plans, times, strict=True)
        )

    def _search(self, start: Plan, groups: Sequence[Plan]) -> Plan:
        """`start` with each group added that makes the model faster, until the time is over."""
        plan, model = start, self._assemble(start) if start else self._parent
        deadline = time.monotonic() + _SEARCH_SECONDS
        for group in self._progress.track(groups, "Searching for the fastest placement", len(groups)):
            if time.monotonic() > deadline:
                self._progress.log("The search for the fastest placement ran out of time; other layers stay in FP32.")
                break
            larger = plan | group
            candidate = self._assemble(larger)
            before, after = self._stopwatch.milliseconds([model, candidate], _STEP_SECONDS)
            if after * _WORTH_INT8 < before:
                plan, model = larger, candidate
        return plan
