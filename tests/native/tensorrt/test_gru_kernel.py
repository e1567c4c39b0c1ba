"""The CUDA kernels against float64, emulated thread by thread on a CPU."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native.tensorrt.emulated_gru import KERNELS, EmulatedKernels, Gpu, Problem, compile_kernels, draw

from crnn_deploy.native.plugin import LARGEST_LAYER, largest_layer

INVALID_VALUE, INVALID_CONFIGURATION = 1, 9
BOUND = {np.dtype(np.float16): 2e-3, np.dtype(np.float32): 1e-5}


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> EmulatedKernels:
    return compile_kernels(tmp_path_factory.mktemp("emulated"))


def error(kernels: EmulatedKernels, problem: Problem, gpu: Gpu) -> float:
    return float(np.abs(kernels.run(problem, gpu).astype(np.float64) - problem.expected()).max())


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 5), st.integers(1, 140)),
    directions=st.integers(1, 2),
    switches=st.tuples(*[st.booleans()] * 4),
    major=st.sampled_from([7, 8, 9]),
    processors=st.sampled_from([1, 4, 132]),
    seed=st.integers(0, 1000),
)
def test_any_shape(
    kernels: EmulatedKernels,
    sizes: tuple[int, int, int],
    directions: int,
    switches: tuple[bool, ...],
    major: int,
    processors: int,
    seed: int,
) -> None:
    half, lengths, initial, reverse = switches
    problem = draw(*sizes, directions, half, lengths, initial, reverse and directions == 1, seed)
    assert error(kernels, problem, Gpu(major, processors, seed=seed)) < BOUND[problem.gates.dtype]


# On both sides of each limit between variants: weights in registers of one, four or eight blocks, or of none.
@pytest.mark.parametrize("hidden", [32, 33, 64, 65, 96, 97, 128, 129, 136, 224, 256, 264, 384, 512, 520, 992])
@pytest.mark.parametrize("major", [7, 8, 9])
@pytest.mark.parametrize("half", [True, False], ids=["fp16", "fp32"])
def test_borders_between_variants(kernels: EmulatedKernels, hidden: int, major: int, half: bool) -> None:
    if not half and major == 7 and hidden > 800:
        pytest.skip("beyond the shared memory of compute capability 7.5")
    problem = draw(2, 2, hidden, half=half, lengths=True, initial=True)
    assert error(kernels, problem, Gpu(major)) < BOUND[problem.gates.dtype]


@pytest.mark.parametrize("half", [True, False], ids=["fp16", "fp32"])
@pytest.mark.parametrize("hidden", [48, 144, 264])
def test_many_images_share_blocks_where_blocks_would_queue(kernels: EmulatedKernels, hidden: int, half: bool) -> None:
    problem = draw(37, 3, hidden, half=half, lengths=True)
    alone = kernels.run(problem, Gpu(processors=132))
    for processors in (1, 8, 32):
        np.testing.assert_array_equal(kernels.run(problem, Gpu(processors=processors)), alone)
    assert np.abs(alone - problem.expected()).max() < BOUND[problem.gates.dtype]


@pytest.mark.parametrize("half", [True, False], ids=["fp16", "fp32"])
def test_errors_do_not_grow_over_many_steps(kernels: EmulatedKernels, half: bool) -> None:
    problem = draw(2, 200, 32, half=half)
    assert error(kernels, problem, Gpu()) < BOUND[problem.gates.dtype]


@pytest.mark.parametrize("half", [True, False], ids=["fp16", "fp32"])
def test_saturated_gates_stay_finite(kernels: EmulatedKernels, half: bool) -> None:
    plain = draw(3, 4, 24, half=half)
    problem = Problem(plain.gates * 1000, plain.recurrent, plain.bias, None, None, False)
    assert error(kernels, problem, Gpu()) < BOUND[problem.gates.dtype]


@pytest.mark.parametrize("hidden", [40, 50, 200])
def test_the_order_of_threads_does_not_matter(kernels: EmulatedKernels, hidden: int) -> None:
    problem = draw(9, 4, hidden, lengths=True, initial=True)
    first = kernels.run(problem, Gpu(seed=0))
    for seed in range(1, 6):
        np.testing.assert_array_equal(kernels.run(problem, Gpu(seed=seed)), first)


def test_a_missing_barrier_would_be_seen(tmp_path: Path) -> None:
    """The emulator detects races: without the barrier after each step, the result depends on the order of threads."""
    sources = tmp_path / "sources"
    shutil.copytree(KERNELS, sources)
    kernel = sources / "gru_kernel.cuh"
    whole = kernel.read_text(encoding="utf-8")
    barrier = "      }\n      barrier();\n"
    assert whole.count(barrier) == 1
    kernel.write_text(whole.replace(barrier, "      }\n"), encoding="utf-8")
    broken = compile_kernels(tmp_path, sources)
    problem = draw(3, 6, 64)
    results = [broken.run(problem, Gpu(seed=seed)) for seed in range(8)]
    assert any(not np.array_equal(result, results[0], equal_nan=True) for result in results)


@pytest.mark.parametrize(("batch", "steps"), [(0, 4), (3, 0)])
def test_nothing_to_do_is_fine(kernels: EmulatedKernels, batch: int, steps: int) -> None:
    problem = draw(batch, steps, 16)
    assert kernels.run(problem, Gpu()).shape == (batch, steps, 32)


def test_lengths_beyond_the_steps_mean_all_of_them(kernels: EmulatedKernels) -> None:
    plain = draw(3, 4, 16)
    problem = Problem(plain.gates, plain.recurrent, plain.bias, np.array([9, 4, -1], np.int32), None, False)
    bounded = Problem(plain.gates, plain.recurrent, plain.bias, np.array([4, 4, 0], np.int32), None, False)
    np.testing.assert_array_equal(kernels.run(problem, Gpu()), kernels.run(bounded, Gpu()))


def test_too_many_units_are_refused(kernels: EmulatedKernels) -> None:
    problem = draw(1, 1, 1025)
    assert kernels.status(problem, Gpu(), np.zeros(problem.output_shape, np.float16)) == INVALID_VALUE


def test_two_directions_have_no_reverse(kernels: EmulatedKernels) -> None:
    problem = draw(1, 1, 16, directions=2, reverse=True)
    assert kernels.status(problem, Gpu(), np.zeros(problem.output_shape, np.float16)) == INVALID_VALUE


@pytest.mark.parametrize("half", [True, False], ids=["fp16", "fp32"])
def test_the_largest_layer_on_each_device(kernels: EmulatedKernels, half: bool) -> None:
    problem = draw(1, 1, 1024, directions=1, half=half)
    output = np.zeros(problem.output_shape, problem.gates.dtype)
    assert kernels.status(problem, Gpu(major=9), output) == 0
    assert kernels.status(problem, Gpu(major=7), output) == INVALID_CONFIGURATION


@pytest.mark.parametrize(("half", "beyond"), [(True, 1000), (False, 660)], ids=["fp16", "fp32"])
def test_the_largest_layer_of_turing(kernels: EmulatedKernels, half: bool, beyond: int) -> None:
    largest = largest_layer(("sm75", "sm89"), half)
    assert largest < LARGEST_LAYER == largest_layer(("sm80",), half)
    fits = draw(1, 1, largest, directions=1, half=half)
    assert error(kernels, fits, Gpu(major=7)) < BOUND[fits.gates.dtype]
    problem = draw(1, 1, beyond, directions=1, half=half)
    output = np.zeros(problem.output_shape, problem.gates.dtype)
    assert kernels.status(problem, Gpu(major=7), output) == INVALID_CONFIGURATION
