"""Times all implementations of a layer in turns, and measures the best rates of the device."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from cuda_graphs import Act, Turn, captured, interleaved, on_the_gpu
from gru_checks import difference
from gru_contestants import CUDNN_EAGER, DIRECTIONS, LAYER, RECURRENCE, contestants, random_layer, torch_run
from gru_library import Kernel
from gru_problem import GATES, Shape

# A graph repeats an act for about this time, so that the time for starting the graph matters little.
_GRAPH_MS = 0.3
_MOST_REPEATS = 32

BATCHES, STEPS, HIDDEN = (1, 4, 16, 64, 256), (1, 32, 64, 128), (96, 128, 256, 512)
FP32_BATCHES, FP32_STEPS, FP32_HIDDEN = (1, 16, 256), (32, 128), (96, 256)


@dataclass(frozen=True)
class Timed:
    """The times of one implementation in one case.

    Attributes:
        us: median microseconds of one run.
        error: largest difference from `torch.nn.GRU` in float64; None if the output is not finite.
        graph: whether it was timed in a CUDA graph.
    """

    us: float
    fastest_us: float
    rounds: int
    error: float | None
    graph: bool


@dataclass(frozen=True)
class Case:
    """The results of all implementations for one layer.

    Attributes:
        floors_us: by implementation, microseconds for moving the bytes or for the arithmetic at the best rates.
    """

    shape: Shape
    timed: dict[str, Timed]
    floors_us: dict[str, float]

    def speedup(self, over: str) -> float:
        """Speed-up of the whole layer with the plugin over another implementation."""
        return self.timed[over].us / self.timed[LAYER].us


@dataclass(frozen=True)
class Ceilings:
    """The best measured rates of this device: bytes per second and, by type, floating-point operations per second."""

    bytes_per_second: float
    flops: dict[str, float]


@dataclass(frozen=True)
class Prepared:
    """A function to time, which runs an act `repeats` times."""

    run: Act
    repeats: int
    graph: bool


Prepare = Callable[[Act, bool], Prepared]


def timed_shapes() -> Iterator[Shape]:
    for hidden, batch, steps in itertools.product(HIDDEN, BATCHES, STEPS):
        yield Shape(batch, steps, hidden)
    for hidden, batch, steps in itertools.product(FP32_HIDDEN, FP32_BATCHES, FP32_STEPS):
        yield Shape(batch, steps, hidden, half=False)


def prepared(act: Act, in_a_graph: bool) -> Prepared:
    """A graph of repeated acts that is long enough to be timed; plain calls if it cannot or should not be captured."""
    act()
    (once,) = np.median([on_the_gpu([act]) for _ in range(3)], axis=0)
    graph = None
    if in_a_graph:
        try:
            graph = captured(act)
        except RuntimeError:
            torch.cuda.synchronize()
    if graph is not None:
        graph.replay()
        (once,) = np.median([on_the_gpu([graph.replay]) for _ in range(3)], axis=0)
    repeats = int(np.clip(np.ceil(_GRAPH_MS / once), 1, _MOST_REPEATS))
    if graph is not None:
        return Prepared(captured(act, repeats).replay, repeats, graph=True)
    return Prepared(lambda: [act() for _ in range(repeats)], repeats, graph=False)


@torch.no_grad()
def measure(
    shape: Shape,
    kernel: Kernel,
    ceilings: Ceilings,
    device: torch.device,
    rounds: int,
    seconds: float,
    prepare: Prepare = prepared,
    turn: Turn = on_the_gpu,
) -> Case:
    """Times all implementations in turns, and compares the output of each with float64."""
    layer = random_layer(shape, device)
    runs = contestants(layer, kernel)
    expected = torch_run(layer, torch.float64)()
    errors = {name: difference(run(), expected) for name, run in runs.items()}
    ready = {name: prepare(run, name != CUDNN_EAGER) for name, run in runs.items()}
    spent = interleaved([each.run for each in ready.values()], turn, rounds, seconds)
    timed = {
        name: Timed(
            us=1000 * float(np.median(times)) / each.repeats,
            fastest_us=1000 * min(times) / each.repeats,
            rounds=len(times),
            error=errors[name],
            graph=each.graph,
        )
        for (name, each), times in zip(ready.items(), spent, strict=True)
    }
    return Case(shape, timed, {RECURRENCE: floor_us(shape, ceilings, 0), LAYER: floor_us(shape, ceilings)})


def floor_us(shape: Shape, ceilings: Ceilings, channels: int | None = None) -> float:
    """Microseconds for moving each tensor once or for the arithmetic, whichever takes longer.

    Args:
        channels: of the input. 0: the gates are the input. None: as in `random_layer`.
    """
    images, units = shape.batch * shape.steps, DIRECTIONS * shape.hidden
    channels = DIRECTIONS * shape.hidden if channels is None else channels
    weights = GATES * units * (shape.hidden + channels)
    numbers = weights + images * (units + (channels or GATES * units))
    moving = numbers * shape.dtype.itemsize / ceilings.bytes_per_second
    arithmetic = 2 * images * weights / ceilings.flops["fp16" if shape.half else "fp32"]
    return 1e6 * max(moving, arithmetic)


def measured_ceilings(device: torch.device, size: int = 8192, turn: Turn = on_the_gpu) -> Ceilings:
    """Rates of a copy in device memory (bytes read plus bytes written) and of products of large square matrices."""
    flops = {}
    for name, dtype in (("fp16", torch.float16), ("fp32", torch.float32)):
        matrix = torch.randn(size, size, device=device).to(dtype)
        flops[name] = 2 * size**3 / _best_seconds(lambda matrix=matrix: matrix @ matrix, turn)  # type: ignore[misc]
    source = torch.randn(4 * size, size, device=device)
    target = torch.empty_like(source)
    return Ceilings(2 * source.nbytes / _best_seconds(lambda: target.copy_(source), turn), flops)


def _best_seconds(act: Act, turn: Turn) -> float:
    return min(interleaved([act], turn, rounds=5, seconds=2)[0]) / 1000
