"""The targets for accuracy and speed of the plugin, and whether each is met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gru_checks import BOUNDS, Check
from gru_contestants import CUDNN, CUDNN_EAGER, LOOP
from gru_speed import Case

AGAINST_CUDNN, AGAINST_LOOP = 2.0, 10.0
# Higher than the bounds of the recurrence, because the gates are rounded to FP16. A wrong layer has a far larger error.
SAME_LAYER = 2e-2


@dataclass(frozen=True)
class Target:
    """One target. `result` describes the worst case."""

    name: str
    met: bool
    result: str


def judge(
    checks: Sequence[Check], enqueue: dict[str, str | None], cases: Sequence[Case], failures: Sequence[str]
) -> list[Target]:
    """All targets. A target without any figures counts as missed.

    Args:
        enqueue: by type, what is wrong with the plugin's `enqueue`; None if nothing is.
        failures: descriptions of the cases that ended in an error.
    """
    half = [case for case in cases if case.shape.half]
    core = [case for case in half if _in_the_core(case)]
    return [
        Target("every case runs", not failures, f"{len(failures)} failed" if failures else "all"),
        *(_right(kind, [check for check in checks if check.kind == kind]) for kind in BOUNDS),
        Target(
            "the plugin's own enqueue gives the launcher's bytes",
            bool(enqueue) and not any(enqueue.values()),
            "; ".join(f"{kind}: {fault or 'the same'}" for kind, fault in enqueue.items()) or "not run",
        ),
        _same_layer(cases),
        _fast("N = 1…16, T = 32…128, H = 96…256: 2× cuDNN FP16", core, CUDNN, AGAINST_CUDNN),
        _fast("N = 1…16, T = 32…128, H = 96…256: 10× the loop over steps", core, LOOP, AGAINST_LOOP),
        _fast("FP16, N ≤ 256: never slower than cuDNN", half, CUDNN, 1.0),
        _fast("FP32, N ≤ 256: never slower than cuDNN", [c for c in cases if not c.shape.half], CUDNN, 1.0),
    ]


def _in_the_core(case: Case) -> bool:
    shape = case.shape
    return shape.batch <= 16 and 32 <= shape.steps <= 128 and 96 <= shape.hidden <= 256


def _right(kind: str, checks: Sequence[Check]) -> Target:
    name = f"{kind.upper()}: error ≤ {BOUNDS[kind]:g} against float64, guards whole, every run the same"
    failed = [check for check in checks if not check.passed]
    if not checks:
        return Target(name, False, "not run")
    if failed:
        first = failed[0]
        why = ", ".join(first.faults) or _error_text(first.error)
        return Target(name, False, f"{len(failed)} of {len(checks)} shapes fail; {first.shape}: {why}")
    worst = max(checks, key=lambda check: check.error or 0.0)
    return Target(name, True, f"{_error_text(worst.error)} at {worst.shape}, the worst of {len(checks)} shapes")


def _error_text(error: float | None) -> str:
    return "not finite" if error is None else f"error {error:.2e}"


def _same_layer(cases: Iterable[Case]) -> Target:
    name = f"all contestants compute the layer, within {SAME_LAYER:g} of float64"
    errors = list(_layer_errors(cases))
    if not errors:
        return Target(name, False, "not run")
    worst, where = max(errors)
    return Target(name, worst <= SAME_LAYER, f"{_error_text(worst)}, {where}")


def _layer_errors(cases: Iterable[Case]) -> Iterator[tuple[float, str]]:
    for case in cases:
        for name, timed in case.timed.items():
            yield float("inf") if timed.error is None else timed.error, f"{name} at {case.shape}"


def _fast(name: str, cases: Sequence[Case], over: str, factor: float) -> Target:
    if not cases:
        return Target(name, False, "not run")
    speedups = [(best_speedup(case, over), case.shape) for case in cases]
    reached = sum(speedup >= factor for speedup, _ in speedups)
    worst, where = min(speedups, key=lambda pair: pair[0])
    return Target(name, reached == len(speedups), f"{reached} of {len(speedups)} cases; worst {worst:.2f}× at {where}")


def best_speedup(case: Case, over: str) -> float:
    """Speed-up of the layer. For cuDNN, over the faster of its times with and without a graph."""
    names = (CUDNN, CUDNN_EAGER) if over == CUDNN else (over,)
    return min(case.speedup(name) for name in names)
