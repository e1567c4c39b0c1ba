"""Buffers grow, graphs are recorded once and reused, and the stream is used in the right order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fake_tensorrt
import numpy as np
import pytest
from fake_gpu import FakeCuda
from fake_tensorrt import FakeLibrary, profile

from crnn_deploy.data.network_inputs import WithVectors
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.tensorrt import runner as engine_runner
from crnn_deploy.runtime.tensorrt.manifest import EngineManifest, read_manifest
from crnn_deploy.runtime.tensorrt.runner import EngineRunner

PROFILES = (profile((32, 100), 8), profile((100, 400), 8))
RUN_BY_STEPS = ["upload", "start", "run", "stop", "download", "synchronize"]
RUN_BY_GRAPH = ["upload", "start", "graph", "stop", "download", "synchronize"]


@pytest.fixture
def runner(tmp_path) -> Callable[..., tuple[EngineRunner, FakeLibrary]]:
    artifact = fake_tensorrt.engine(tmp_path, PROFILES)
    manifest: EngineManifest = read_manifest(artifact.path)

    def make(cuda: FakeCuda | None = None, **library: Any) -> tuple[EngineRunner, FakeLibrary]:
        fake = FakeLibrary(cuda or FakeCuda(), PROFILES, **library)
        engine = fake.Runtime(fake_tensorrt.FakeLogger()).deserialize_cuda_engine(artifact.path.read_bytes())
        return EngineRunner(fake, engine, manifest, fake.cuda), fake

    return make


def images(width: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(width).standard_normal((count, 1, 10, width)).astype(np.float32)


def log_of(runner: EngineRunner, cuda: FakeCuda, batch: np.ndarray, profile: int = 0) -> list[str]:
    cuda.log.clear()
    runner.run(batch, profile)
    return list(cuda.log)


def test_input_goes_up_before_the_run_and_output_is_read_after_the_wait(runner) -> None:
    run, library = runner()
    run.run(images(64), 0)
    assert library.cuda.log[-6:] == RUN_BY_STEPS


def test_a_shape_that_comes_again_is_run_by_its_graph(runner) -> None:
    run, library = runner()
    outputs = [run.run(images(64), 0) for _ in range(4)]
    assert log_of(run, library.cuda, images(64)) == RUN_BY_GRAPH
    assert all(np.array_equal(outputs[0], output) for output in outputs)
    shared, recorded = library.contexts
    assert (shared.runs, recorded.runs) == (1, 2)  # once to get ready and once to be recorded


def test_contexts_of_a_profile_are_made_once(runner) -> None:
    run, library = runner()
    for width in (32, 40, 48, 100, 64):
        run.run(images(width), 0)
    assert len(library.contexts) == 1
    run.run(images(200), 1)
    assert len(library.contexts) == 2


def test_the_graph_of_a_shape_survives_other_shapes(runner) -> None:
    run, library = runner()
    run.run(images(100, 8), 0)  # the largest first: buffers stay where they are
    for width in (64, 64, 32, 80, 32, 80):
        run.run(images(width), 0)
    assert len(library.cuda.graphs) == 3
    assert log_of(run, library.cuda, images(64)) == RUN_BY_GRAPH


def test_buffers_grow_by_doubling_and_take_their_graphs_along(runner) -> None:
    run, library = runner()
    cuda = library.cuda
    for _ in range(2):
        run.run(images(32), 0)
    assert len(cuda.graphs) == 1
    largest = max(len(memory) for memory in cuda.device.values())
    run.run(images(100, 8), 0)
    assert not cuda.graphs, "a graph would write to addresses that were freed"
    assert max(len(memory) for memory in cuda.device.values()) == 8192 * 4 > largest
    assert len(cuda.device) == 3, "input, output and workspace"
    assert len(cuda.pinned) == 2
    before = set(cuda.device)
    run.run(images(64), 0)
    assert set(cuda.device) == before


def test_the_graph_of_the_rarest_shape_makes_room_for_one_that_comes_far_more_often(runner, monkeypatch) -> None:
    monkeypatch.setattr(engine_runner, "MOST_GRAPHS", 2)
    run, library = runner()
    run.run(images(100, 8), 0)
    for width in (*[32] * 4, *[64] * 2, *[96] * 4):
        run.run(images(width), 0)
    assert log_of(run, library.cuda, images(64)) == RUN_BY_GRAPH
    for _ in range(4):
        run.run(images(96), 0)
    assert len(library.cuda.graphs) == 2
    assert log_of(run, library.cuda, images(96)) == RUN_BY_GRAPH
    assert "run" in log_of(run, library.cuda, images(64))


def test_many_shapes_in_turn_are_not_recorded_again_and_again(runner, monkeypatch) -> None:
    monkeypatch.setattr(engine_runner, "MOST_GRAPHS", 2)
    run, library = runner()
    run.run(images(100, 8), 0)
    for _ in range(6):
        for width in range(32, 100, 4):
            run.run(images(width), 0)
    assert len(library.contexts) == 1 + 2


def test_engines_that_cannot_be_recorded_run_without_graphs(runner) -> None:
    run, library = runner(loops=True)
    outputs = [run.run(images(64), 0) for _ in range(5)]
    assert len(library.contexts) == 2, "recording is tried once"
    assert np.array_equal(outputs[0], outputs[4])
    assert log_of(run, library.cuda, images(64)) == RUN_BY_STEPS


def test_nothing_is_recorded_where_tensorrt_rtx_does_it(runner) -> None:
    run, library = runner(rtx=True)
    for _ in range(3):
        run.run(images(64), 0)
    assert len(library.contexts) == 1
    assert log_of(run, library.cuda, images(64)) == RUN_BY_STEPS


def test_a_vector_goes_up_beside_its_picture(tmp_path) -> None:
    manifest = read_manifest(fake_tensorrt.engine(tmp_path, PROFILES, other_inputs=("vector",)).path)
    fake = FakeLibrary(FakeCuda(), PROFILES)
    plan = fake_tensorrt.line_model(numbers=2).SerializeToString()
    engine = fake.Runtime(fake_tensorrt.FakeLogger()).deserialize_cuda_engine(plan)
    run = EngineRunner(fake, engine, manifest, fake.cuda)
    batch = WithVectors(images(64, 2), np.array([[1, 2], [10, 20]], np.float32))
    zeros = run.run(WithVectors(batch.images, np.zeros((2, 2), np.float32)), 0)
    for _ in range(3):  # the last two by a graph
        np.testing.assert_allclose(run.run(batch, 0) - zeros, np.full_like(zeros, [[[3]], [[30]]]), atol=1e-4)
    assert len(fake.cuda.graphs) == 1


def test_no_memory_left_is_told_and_smaller_batches_still_run(runner, monkeypatch) -> None:
    run, library = runner()
    cuda = library.cuda
    for _ in range(3):
        run.run(images(32), 0)

    def refuse(_: int) -> int:
        raise InputError("The GPU has no memory left.")

    with monkeypatch.context() as patch:
        patch.setattr(cuda, "allocate", refuse)
        with pytest.raises(InputError, match="no memory left"):
            run.run(images(100, 8), 0)
    assert run.run(images(32), 0).shape == (1, 8, 3)
    run.close()
    assert not cuda.device
    assert not cuda.pinned
    assert cuda.closed


def test_a_context_that_tensorrt_does_not_make_is_told(runner, monkeypatch) -> None:
    run, _ = runner()
    monkeypatch.setattr(fake_tensorrt.FakeEngine, "create_execution_context", lambda *_: None)
    with pytest.raises(InputError, match="no memory left for an execution context"):
        run.run(images(32), 0)


def test_a_request_that_tensorrt_refuses_is_a_bug_with_its_name(runner) -> None:
    run, _ = runner()
    with pytest.raises(RuntimeError, match=r"refuses the shape \(1, 1, 10, 400\)"):
        run.run(images(400), 0)
