"""Find the fastest plan on this machine: INT8 is slower where little is computed between conversions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import onnx

from crnn_deploy.benchmark.timing import InterleavedTimer
from crnn_deploy.benchmark.undisturbed import Speedup, UndisturbedTime, speedup_between, undisturbed
from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.inspection.onnx_facts import OnnxGraph
from crnn_deploy.inspection.onnx_macs import product_macs
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.record import SpeedTrial
from crnn_deploy.quantization.rewrite.plan import Layer, Plan, linked
from crnn_deploy.runtime.onnxruntime import open_network

ALL = "all"
ALL_BUT_FIRST = "all but the first convolution"
RECURRENT_ONLY = "recurrent"
MIXED = "mixed"

CLEARLY_FASTER = 1.02  # a smaller ratio may be chance
_WORTH_INT8 = 1.01  # a group of layers goes to INT8 from here on
_MUCH_FASTER = 1.05  # worth another plan; a gain that the noise may hide
_SEARCH_SECONDS = 20.0

_ROUNDS, _WARMUP = 1000, 5
_TRIAL_SECONDS = 0.6  # a model
_STEP_SECONDS = 0.25  # a model, for each step of the search

Assemble = Callable[[Plan], onnx.ModelProto]


class Stopwatch(Protocol):
    """Measures the undisturbed time of models that run in turns."""

    def times(self, models: Sequence[onnx.ModelProto], seconds: float) -> list[UndisturbedTime]:
        """The time of each model, in their order, after each ran for about `seconds`, or longer on a busy machine."""
        ...


class InterleavedStopwatch:
    """Runs models in turns in this process, on one image `[1, C, H, W]` and one thread."""

    def __init__(self, image: NetworkInput) -> None:
        self._image = image

    def times(self, models: Sequence[onnx.ModelProto], seconds: float) -> list[UndisturbedTime]:
        timer = InterleavedTimer(_ROUNDS, seconds, _WARMUP)
        acts = [self._act(model) for model in models]
        rounds = timer.time_until_known(acts, ["cpu"] * len(acts))
        return [undisturbed(each, "cpu") for each in rounds]

    def _act(self, model: onnx.ModelProto) -> Callable[[], object]:
        network = open_network(model, threads=1)
        inputs = network.feeds(network.filled(self._image))
        return lambda: network.session.run(None, inputs)


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
    time; only otherwise groups of layers are chosen by measuring. A difference within the noise never decides: the
    whole plan is kept then, too.

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
        parent, times = self._times(candidates)
        without_first = times.get(ALL_BUT_FIRST, times[ALL])
        leader = ALL_BUT_FIRST if _gains(without_first, times[ALL], _MUCH_FASTER) else ALL
        others = [parent, *(times[name] for name in candidates if name == RECURRENT_ONLY)]
        if any(gains_little(speedup_between(times[leader], other)) for other in others):
            candidates[MIXED] = self._search(choices.recurrent, choices.groups)
            parent, times = self._times(candidates)
            fastest = min(times, key=lambda name: times[name].ms)
            leader = fastest if _gains(times[fastest], times[ALL], _WORTH_INT8) else ALL
        trials = (SpeedTrial.of(name, self._width, parent, time) for name, time in times.items())
        return candidates[leader], tuple(sorted(trials, key=lambda trial: trial.plan == leader))

    def _times(self, plans: Mapping[str, Plan]) -> tuple[UndisturbedTime, dict[str, UndisturbedTime]]:
        """Times of the parent and of the models of all plans, run in turns."""
        models = [self._parent, *(self._assemble(plan) for plan in plans.values())]
        parent, *times = self._stopwatch.times(models, _TRIAL_SECONDS)
        return parent, dict(zip(plans, times, strict=True))

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
            before, after = self._stopwatch.times([model, candidate], _STEP_SECONDS)
            if _gains(after, before, _WORTH_INT8):
                plan, model = larger, candidate
        return plan


def _gains(fast: UndisturbedTime, slow: UndisturbedTime, factor: float) -> bool:
    """Whether one is certainly more than `factor` times as fast as the other."""
    return speedup_between(fast, slow).low > factor


def gains_little(speedup: Speedup) -> bool:
    """Whether a model is not clearly faster than another, and the noise does not hide that it is much faster."""
    return speedup.ratio <= CLEARLY_FASTER and speedup.high < _MUCH_FASTER
