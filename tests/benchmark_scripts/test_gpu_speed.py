"""The GPU benchmark times contestants that all compute the same layer, and knows what the device could do."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import gru_speed
import pytest
import torch
from cuda_graphs import Act
from gru_contestants import CUDNN_EAGER, LAYER, RECURRENCE
from gru_library import Launcher
from gru_problem import Shape
from gru_speed import Ceilings, Prepared, floor_us, measure, measured_ceilings, prepared, timed_shapes

CPU = torch.device("cpu")
CEILINGS = Ceilings(1e12, {"fp16": 1e15, "fp32": 1e14})


def test_timed_shapes_cover_the_targets() -> None:
    shapes = list(timed_shapes())
    assert len(shapes) == len(set(shapes))
    half = {(shape.batch, shape.steps, shape.hidden) for shape in shapes if shape.half}
    expected = {(n, t, h) for n in (1, 4, 16, 64, 256) for t in (1, 32, 64, 128) for h in (96, 128, 256, 512)}
    assert half == expected
    assert any(not shape.half for shape in shapes)
    assert {shape.directions for shape in shapes} == {2}


def stopwatch(acts: Sequence[Act]) -> list[float]:
    spent = []
    for act in acts:
        start = perf_counter()
        act()
        spent.append(1000 * (perf_counter() - start))
    return spent


@pytest.mark.parametrize(("half", "bound"), [(True, 5e-3), (False, 1e-5)])
def test_all_contestants_compute_the_same_layer(half: bool, bound: float, launcher: Launcher) -> None:
    case = measure(
        Shape(3, 5, 24, half=half),
        launcher,
        CEILINGS,
        CPU,
        rounds=3,
        seconds=10,
        prepare=lambda act, in_a_graph: Prepared(act, 1, in_a_graph),
        turn=stopwatch,
    )
    assert len(case.timed) == 5
    for name, timed in case.timed.items():
        assert timed.error is not None
        assert timed.error < bound, name
        assert timed.rounds == 3
        assert timed.us >= timed.fastest_us > 0
        assert timed.graph == (name != CUDNN_EAGER)
    assert case.speedup(LAYER) == 1


def test_repeats_are_divided_out(launcher: Launcher) -> None:
    case = measure(
        Shape(1, 1, 16),
        launcher,
        CEILINGS,
        CPU,
        rounds=2,
        seconds=10,
        prepare=lambda act, in_a_graph: Prepared(act, 8, in_a_graph),
        turn=lambda acts: [4.0] * len(acts),
    )
    assert {timed.us for timed in case.timed.values()} == {500.0}


def test_floor_is_the_slower_of_bytes_and_arithmetic() -> None:
    shape = Shape(2, 3, 16)
    weights, images = 3 * 32 * (16 + 32), 6
    numbers = weights + images * (32 + 32)
    assert floor_us(shape, Ceilings(1e6, {"fp16": 1e30})) == pytest.approx(2 * numbers)
    assert floor_us(shape, Ceilings(1e30, {"fp16": 1e6})) == pytest.approx(2 * images * weights)
    recurrence = 3 * 32 * 16 + images * (32 + 96)
    assert floor_us(shape, Ceilings(1e6, {"fp16": 1e30}), channels=0) == pytest.approx(2 * recurrence)


def test_ceilings_come_from_the_device() -> None:
    found = measured_ceilings(CPU, size=8, turn=lambda acts: [1.0] * len(acts))
    assert found.bytes_per_second == pytest.approx(2 * 4 * 8 * 8 * 4 * 1000)
    assert found.flops == {"fp16": pytest.approx(2 * 8**3 * 1000), "fp32": pytest.approx(2 * 8**3 * 1000)}


def test_recurrence_floor_is_kept_with_the_case(launcher: Launcher) -> None:
    shape = Shape(1, 2, 16)
    case = measure(
        shape,
        launcher,
        CEILINGS,
        CPU,
        2,
        1,
        lambda act, graph: Prepared(act, 1, graph),
        lambda acts: [1.0] * len(acts),
    )
    assert case.floors_us == {RECURRENCE: floor_us(shape, CEILINGS, 0), LAYER: floor_us(shape, CEILINGS)}


class FakeGraph:
    def __init__(self, act: Act, repeats: int = 1) -> None:
        self.act, self.repeats = act, repeats

    def replay(self) -> None:
        for _ in range(self.repeats):
            self.act()


@pytest.mark.parametrize(("ms", "repeats"), [(1.0, 1), (0.1, 3), (0.001, 32)])
def test_short_acts_are_repeated_in_their_graph(ms: float, repeats: int, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    monkeypatch.setattr(gru_speed, "captured", FakeGraph)
    monkeypatch.setattr(gru_speed, "on_the_gpu", lambda acts: [ms for act in acts if act() is None])
    ready = prepared(lambda: runs.append(1), in_a_graph=True)
    runs.clear()
    ready.run()
    assert (ready.repeats, len(runs), ready.graph) == (repeats, repeats, True)


def test_what_cannot_be_captured_runs_without_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    runs: list[int] = []
    monkeypatch.setattr(gru_speed, "captured", refused)
    monkeypatch.setattr(gru_speed, "on_the_gpu", lambda acts: [0.15 for act in acts if act() is None])
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    ready = prepared(lambda: runs.append(1), in_a_graph=True)
    runs.clear()
    ready.run()
    assert (ready.repeats, len(runs), ready.graph) == (2, 2, False)
