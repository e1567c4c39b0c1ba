"""The GPU benchmark of the plugin judges its targets, keeps to its time, and writes what it found."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import bench_gru_plugin
import pytest
import torch
from bench_gru_plugin import Bench
from cuda_graphs import WARMUP, Act, Budget, interleaved
from gru_checks import Check
from gru_contestants import CUDNN, CUDNN_EAGER, LAYER, LOOP, RECURRENCE
from gru_problem import Problem, Shape
from gru_results import Results, write_results
from gru_speed import Case, Ceilings, Timed
from gru_targets import Target, judge

SCRIPTS = Path(__file__).parents[2] / "benchmarks" / "gpu"
ENQUEUE: dict[str, str | None] = {"fp16": None, "fp32": None}
SLOW = {LAYER: 10.0, RECURRENCE: 8.0, CUDNN: 25.0, CUDNN_EAGER: 40.0, LOOP: 120.0}


def case(batch: int = 1, hidden: int = 96, half: bool = True, error: float | None = 1e-3, **us: float) -> Case:
    names = {"layer": LAYER, "cudnn": CUDNN, "eager": CUDNN_EAGER, "loop": LOOP}
    times = SLOW | {names[name]: value for name, value in us.items()}
    timed = {name: Timed(value, value, 5, error, name != CUDNN_EAGER) for name, value in times.items()}
    return Case(Shape(batch, 32, hidden, half=half), timed, {RECURRENCE: 1.0, LAYER: 2.0})


def check(half: bool = True, error: float | None = 1e-6, *faults: str) -> Check:
    return Check(Shape(1, 1, 96, half=half), error, {"float16": 1e-3, "float32": 1e-7}, faults)


CHECKS = [check(True), check(False)]
CASES = [case(), case(half=False)]


def missed(targets: Sequence[Target]) -> list[str]:
    return [target.name for target in targets if not target.met]


def test_all_targets_can_be_met() -> None:
    assert not missed(judge(CHECKS, ENQUEUE, CASES, []))


def test_nothing_measured_is_nothing_met() -> None:
    targets = judge([], {}, [], [])
    assert len(missed(targets)) == len(targets) - 1  # that no case failed


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (judge([*CHECKS, check(True, 2.1e-3)], ENQUEUE, CASES, []), "FP16: error"),
        (judge([*CHECKS, check(False, 1.1e-5)], ENQUEUE, CASES, []), "FP32: error"),
        (judge([*CHECKS, check(True, None)], ENQUEUE, CASES, []), "FP16: error"),
        (judge([*CHECKS, check(True, 0.0, "a second run differs")], ENQUEUE, CASES, []), "FP16: error"),
        (judge(CHECKS, {**ENQUEUE, "fp16": "it wrote outside"}, CASES, []), "enqueue"),
        (judge(CHECKS, ENQUEUE, [*CASES, case(error=0.1)], []), "compute the layer"),
        (judge(CHECKS, ENQUEUE, [*CASES, case(error=None)], []), "compute the layer"),
        (judge(CHECKS, ENQUEUE, [*CASES, case(cudnn=19.0)], []), "2× cuDNN"),
        (judge(CHECKS, ENQUEUE, [*CASES, case(eager=19.0)], []), "2× cuDNN"),
        (judge(CHECKS, ENQUEUE, [*CASES, case(loop=99.0)], []), "10× the loop"),
        (judge(CHECKS, ENQUEUE, [*CASES, case(256, cudnn=9.9)], []), "FP16, N ≤ 256"),
        (judge(CHECKS, ENQUEUE, [*CASES, case(256, half=False, cudnn=9.9)], []), "FP32, N ≤ 256"),
        (judge(CHECKS, ENQUEUE, CASES, ["out of memory"]), "every case"),
    ],
)
def test_each_miss_is_one_target(broken: list[Target], name: str) -> None:
    (only,) = missed(broken)
    assert name in only


def test_large_layers_and_batches_need_not_be_twice_as_fast() -> None:
    slower = [case(64, cudnn=11.0, loop=11.0), case(1, 512, cudnn=11.0, loop=11.0)]
    assert not missed(judge(CHECKS, ENQUEUE, [*CASES, *slower], []))


def test_turns_rotate_and_are_told_apart() -> None:
    order: list[str] = []
    acts: list[Act] = [lambda: order.append("a"), lambda: order.append("b"), lambda: order.append("c")]
    cost = {"a": 1.0, "b": 2.0, "c": 3.0}

    def turn(acts: Sequence[Act]) -> list[float]:
        for act in acts:
            act()
        return [cost[name] for name in order[-len(acts) :]]

    found = interleaved(acts, turn, rounds=3, seconds=100)
    assert found == [[1.0] * 3, [2.0] * 3, [3.0] * 3]
    assert "".join(order[3 * WARMUP :]) == "abcbcacab"


def test_no_time_leaves_two_rounds() -> None:
    assert len(interleaved([lambda: None], lambda _: [1.0], rounds=50, seconds=0)[0]) == 2


def test_budget_is_shared_among_what_is_left() -> None:
    now = iter((100.0, 100.0, 160.0, 250.0))
    budget = Budget(100, lambda: next(now))
    assert budget.share(10) == 10
    assert budget.share(4) == 10
    assert budget.share(1) == 0


def results(targets: list[Target]) -> Results:
    cases = [*CASES, dataclasses.replace(case(hidden=512), timed=graphless(case(hidden=512).timed))]
    checks = [check(True, 3.4e-4), check(False)]
    ceilings = Ceilings(1e12, {"fp16": 1e15, "fp32": 1e14})
    return Results({"GPU": "Test GPU"}, ceilings, checks, ENQUEUE, cases, ["N=1: lost"], targets, 61.0)


def graphless(timed: dict[str, Timed]) -> dict[str, Timed]:
    return {name: dataclasses.replace(each, graph=False) for name, each in timed.items()}


def test_files_hold_everything(tmp_path: Path) -> None:
    targets = [Target("fast", True, "3×"), Target("right", False, "error 1")]
    data, text = write_results(results(targets), tmp_path)
    found = json.loads(data.read_text(encoding="utf-8"))
    assert found["targets"][1] == {"name": "right", "met": False, "result": "error 1"}
    assert found["cases"][0]["timed"][LOOP]["us"] == 120
    assert found["checks"][0]["error"] == 3.4e-4
    markdown = text.read_text(encoding="utf-8")
    assert f"## Measured {found['date']}" in markdown
    for part in ("Test GPU", "| right | **no** | error 1 |", "| fast | yes | 3× |", "- N=1: lost", "3.4e-04", "120*"):
        assert part in markdown
    # H, N, T; recurrence, layer, cuDNN, without a graph, loop; both factors; floor.
    assert "| 96 | 1 | 32 | 8.00 | 10.0 | 25.0 | 40.0 | 120 | 2.5× | 12× | 2.00 |" in markdown
    for block in markdown.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


@pytest.mark.parametrize(("met", "code"), [(True, 0), (False, 1)])
def test_a_missed_target_is_written_and_told(
    met: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_gru_plugin, "run", lambda _: results([Target("fast", met, "3×")]))
    monkeypatch.setattr(sys, "argv", ["bench_gru_plugin.py", "--out", str(tmp_path)])
    assert bench_gru_plugin.main() == code
    assert ("MISSED fast: 3×" in capsys.readouterr().err) == (not met)
    assert {path.name for path in tmp_path.iterdir()} == {"gru.json", "gru.md"}


def test_an_error_ends_one_case(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = [Shape(1, 2, 8), Shape(1, 2, 9), Shape(1, 2, 10)]
    launched = []

    def kernel(_: Problem, output: torch.Tensor) -> None:
        launched.append(output.shape)
        if output.shape[2] == 18:
            raise RuntimeError("CUDA error: lost\nand more")

    bench = Bench(torch.device("cpu"), kernel)
    monkeypatch.setattr(bench_gru_plugin, "checked_shapes", lambda: shapes)
    checked = list(bench.checks())
    assert [each.shape for each in checked] == [shapes[0], shapes[2]]
    assert not any(each.passed for each in checked)
    assert bench.failures == [f"{shapes[1]}: CUDA error: lost"]


def test_every_case_gets_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = [Shape(1, 2, 8)] * 4
    given: list[object] = []

    def measured(*arguments: object) -> Case:
        given.append(arguments[-1])
        if len(given) == 2:
            raise RuntimeError("out of memory")
        return case()

    monkeypatch.setattr(bench_gru_plugin, "timed_shapes", lambda: shapes)
    monkeypatch.setattr(bench_gru_plugin, "measure", measured)
    bench = Bench(torch.device("cpu"), lambda *_: None)
    found = list(bench.cases(Ceilings(1, {}), Budget(4.0, lambda: 0.0), rounds=5))
    assert len(found) == 3
    assert len(bench.failures) == 1
    assert given == [1.0, 4 / 3, 2.0, 2.0]


def run(out: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / "bench_gru_plugin.py"), "--out", str(out)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path: Path) -> None:
    done = run(tmp_path / "out")
    assert done.returncode == 2
    assert "There is no GPU" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_it_needs_nothing_but_torch(tmp_path: Path) -> None:
    for package in ("pydantic", "rich", "onnx", "yaml"):
        (tmp_path / f"{package}.py").write_text("raise ImportError('not for this machine')")
    done = run(tmp_path / "out", PYTHONPATH=str(tmp_path))
    assert "There is no GPU" in done.stderr
