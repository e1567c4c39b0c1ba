"""Checks the plugin's results for each shape: against float64, for writes outside its memory, and for repeatability."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from cuda_graphs import captured
from gru_library import Kernel
from gru_problem import Problem, Shape, draw, guards_are_whole, torch_result, unwritten
from torch import Tensor

BOUNDS = {"fp16": 2e-3, "fp32": 1e-5}

# Sizes on both sides of each limit between variants of the kernel, and sizes that are no multiple of a vector.
HIDDEN = (1, 7, 16, 33, 64, 96, 97, 100, 128, 129, 136, 200, 256, 264, 320, 512, 777, 1024)
LARGE_HIDDEN = (96, 256, 512, 1024)


@dataclass(frozen=True)
class Check:
    """The results for one shape.

    Attributes:
        error: largest difference from float64; None if the output is not finite or not completely written.
        torch_errors: largest differences of `torch.nn.GRU` on this device, by type.
        faults: descriptions of all other errors.
    """

    shape: Shape
    error: float | None
    torch_errors: dict[str, float]
    faults: tuple[str, ...]

    @property
    def kind(self) -> str:
        return "fp16" if self.shape.half else "fp32"

    @property
    def passed(self) -> bool:
        return self.error is not None and self.error <= BOUNDS[self.kind] and not self.faults


def checked_shapes() -> Iterator[Shape]:
    """Every size of the state with all kinds of inputs, and large batches."""
    for half, hidden in itertools.product((True, False), HIDDEN):
        yield Shape(1, 1, hidden, 1, half)
        yield Shape(3, 33, hidden, 1, half, lengths=True, reverse=True)
        yield Shape(5, 2, hidden, 1, half, initial=True)
        yield Shape(17, 8, hidden, 2, half, lengths=True, initial=True)
        yield Shape(64, 31, hidden, 2, half)
    for half, hidden in itertools.product((True, False), LARGE_HIDDEN):
        yield Shape(255, 9, hidden, 2, half, lengths=True)
        yield Shape(256, 128, hidden, 2, half)


def check_shape(shape: Shape, kernel: Kernel, device: torch.device, seed: int) -> Check:
    problem = draw(shape, device, seed)
    output = unwritten(problem)
    kernel(problem, output)
    expected = torch_result(problem, torch.float64)
    peers = {str(kind).removeprefix("torch."): torch_result(problem, kind) for kind in (torch.float16, torch.float32)}
    peer_errors = {name: difference(result, expected) for name, result in peers.items()}
    return Check(
        shape=shape,
        error=difference(output, expected),
        torch_errors={name: error for name, error in peer_errors.items() if error is not None},
        faults=tuple(_faults(problem, output, kernel)),
    )


def check_enqueue(shape: Shape, enqueue: Kernel, launcher: Kernel, device: torch.device) -> str | None:
    """What is wrong with `enqueue`, whose output must have the same bytes as the launcher's. None if nothing is."""
    problem = draw(shape, device, seed=0)
    expected, output = unwritten(problem), unwritten(problem)
    launcher(problem, expected)
    try:
        enqueue(problem, output)
    except RuntimeError as error:
        return str(error)
    if not guards_are_whole(output):
        return "it wrote outside its output"
    return None if _same(output, expected) else "its output differs from the launcher's"


def difference(output: Tensor, expected: Tensor) -> float | None:
    """The largest absolute difference; None if `output` is not finite."""
    largest = (output.double() - expected).abs().max().item()
    return largest if largest < float("inf") else None


def _faults(problem: Problem, output: Tensor, kernel: Kernel) -> Iterator[str]:
    if not all(map(guards_are_whole, (*problem.tensors, output))):
        yield "it wrote outside its output"
    again = unwritten(problem)
    kernel(problem, again)
    if not _same(again, output):
        yield "a second run differs"
    if output.device.type != "cuda":
        return
    if not _same(_on_another_stream(problem, kernel), output):
        yield "a run on another stream differs"
    if not _same(_in_a_graph(problem, kernel), output):
        yield "a run in a CUDA graph differs"


def _same(output: Tensor, expected: Tensor) -> bool:
    return torch.equal(output.view(torch.uint8), expected.view(torch.uint8))


def _on_another_stream(problem: Problem, kernel: Kernel) -> Tensor:
    output = unwritten(problem)
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        kernel(problem, output)
    stream.synchronize()
    return output


def _in_a_graph(problem: Problem, kernel: Kernel) -> Tensor:
    output = unwritten(problem)
    captured(lambda: kernel(problem, output)).replay()
    torch.cuda.synchronize()
    return output
