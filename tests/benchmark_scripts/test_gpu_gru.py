"""The GPU benchmark of the plugin finds what is wrong, with the kernels run on a CPU in place of a GPU."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from gru_checks import HIDDEN, check_enqueue, check_shape, checked_shapes
from gru_library import Enqueue, Kernel, Launcher
from gru_problem import Problem, Shape, draw, guards_are_whole, torch_result, unwritten
from gru_speed import Ceilings
from native.tensorrt import emulated_gru
from torch import Tensor

CPU = torch.device("cpu")
CEILINGS = Ceilings(1e12, {"fp16": 1e15, "fp32": 1e14})


SHAPES = [
    Shape(1, 1, 7, 1),
    Shape(3, 9, 33, 1, lengths=True, reverse=True),
    Shape(5, 3, 16, 1, half=False, initial=True),
    Shape(5, 6, 40, 2, lengths=True, initial=True),
    Shape(5, 6, 40, 2, half=False, lengths=True, initial=True),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_kernels_pass(shape: Shape, launcher: Launcher) -> None:
    check = check_shape(shape, launcher, CPU, seed=1)
    assert check.passed, check
    assert check.torch_errors["float32"] < 1e-5


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reference_is_the_recurrence_that_onnx_defines(shape: Shape) -> None:
    problem = draw(shape, CPU, seed=2)
    other = emulated_gru.Problem(
        gates=problem.gates.numpy(),
        recurrent=problem.recurrent.numpy(),
        bias=problem.bias.numpy(),
        lengths=None if problem.lengths is None else problem.lengths.numpy(),
        initial=None if problem.initial is None else problem.initial.numpy(),
        reverse=shape.reverse,
    )
    np.testing.assert_allclose(torch_result(problem, torch.float64).numpy(), other.expected(), atol=1e-12)


def test_empty_sequences_give_zeros() -> None:
    problem = dataclasses.replace(draw(Shape(3, 4, 5), CPU, 0), lengths=torch.zeros(3, dtype=torch.int32))
    assert not torch_result(problem, torch.float64).any()


@pytest.mark.parametrize("half", [True, False])
def test_plugin_takes_its_own_way_to_the_same_bytes(half: bool, emulated_plugin: Path, launcher: Launcher) -> None:
    for options in ({}, {"lengths": True}, {"initial": True}, {"lengths": True, "initial": True}):
        assert check_enqueue(Shape(3, 4, 24, 2, half, **options), Enqueue(emulated_plugin), launcher, CPU) is None
    assert check_enqueue(Shape(3, 4, 24, 1, half, reverse=True), Enqueue(emulated_plugin), launcher, CPU) is None


def test_an_enqueue_that_differs_or_fails_is_told(emulated_plugin: Path, launcher: Launcher) -> None:
    shape = Shape(3, 4, 8, lengths=True)

    def without_lengths(problem: Problem, output: Tensor) -> None:
        Enqueue(emulated_plugin)(dataclasses.replace(problem, lengths=None), output)

    assert check_enqueue(shape, without_lengths, launcher, CPU) == "its output differs from the launcher's"
    assert "refuses" in str(check_enqueue(Shape(3, 4, 2000), Enqueue(emulated_plugin), lambda *_: None, CPU))


def test_a_failed_launch_raises(launcher: Launcher) -> None:
    problem = draw(Shape(1, 1, 1025, 1), CPU, 0)
    with pytest.raises(RuntimeError, match=r"H=1025 .* CUDA error 1"):
        launcher(problem, unwritten(problem))


def _past_the_end(launcher: Kernel) -> Kernel:
    def kernel(problem: Problem, output: Tensor) -> None:
        launcher(problem, output)
        torch.as_strided(output.flatten(), (1,), (1,), output.storage_offset() + output.numel())[0] = 1

    return kernel


def _incomplete(launcher: Kernel) -> Kernel:
    def kernel(problem: Problem, output: Tensor) -> None:
        launcher(problem, output)
        output[-1, -1, -1] = torch.nan

    return kernel


def _restless(launcher: Kernel) -> Kernel:
    runs = iter(range(100))

    def kernel(problem: Problem, output: Tensor) -> None:
        launcher(problem, output)
        output[0, 0, 0] += 1e-3 * next(runs)

    return kernel


def _inexact(launcher: Kernel) -> Kernel:
    def kernel(problem: Problem, output: Tensor) -> None:
        launcher(problem, output)
        output[0, 0, 0] += 5e-3

    return kernel


@pytest.mark.parametrize(
    ("broken", "faults"),
    [(_past_the_end, "outside"), (_incomplete, ""), (_restless, "second run"), (_inexact, "")],
)
def test_broken_kernels_fail(broken: object, faults: str, launcher: Launcher) -> None:
    assert callable(broken)
    check = check_shape(Shape(2, 3, 16), broken(launcher), CPU, seed=0)
    assert not check.passed
    assert faults in " ".join(check.faults)


def test_guards_surround_every_tensor() -> None:
    problem = draw(Shape(2, 3, 5, lengths=True, initial=True), CPU, 0)
    for tensor in (*problem.tensors, unwritten(problem)):
        assert guards_are_whole(tensor)
        memory = torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())
        before = tensor.storage_offset() * tensor.element_size() - 1
        for place in (before, before + tensor.nbytes + 1):
            memory[place] = 0
            assert not guards_are_whole(tensor)
            memory[place] = 0xFF


def test_checked_shapes_cover_what_the_plugin_promises() -> None:
    shapes = list(checked_shapes())
    for half in (True, False):
        kind = [shape for shape in shapes if shape.half == half]
        assert {shape.hidden for shape in kind} == set(HIDDEN) >= {1, 97, 1024}
        assert {1, 2} == {shape.directions for shape in kind}
        assert min(shape.steps for shape in kind) == 1
        assert {1, 255, 256} <= {shape.batch for shape in kind}
        assert any(shape.lengths and shape.initial for shape in kind)
        assert any(shape.reverse for shape in kind)
