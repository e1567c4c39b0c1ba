"""Checks and times the GRU plugin on this GPU. Needs PyTorch with CUDA and nvcc, but not TensorRT.

Builds the plugin for the GPU at hand, checks it against `torch.nn.GRU` in float64, and times it in turns with cuDNN and
with a loop over the steps. Exit code 1 means that a target was missed; the results are written nevertheless.

    PYTHONPATH=. python benchmarks/gpu/bench_gru_plugin.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import torch
from cuda_graphs import Budget
from gru_checks import Check, check_enqueue, check_shape, checked_shapes
from gru_contestants import CUDNN, LAYER, LOOP
from gru_library import Enqueue, Kernel, Launcher
from gru_problem import Shape
from gru_results import Results, write_results
from gru_speed import Case, Ceilings, measure, measured_ceilings, timed_shapes
from gru_targets import judge
from this_machine import architecture, machine_facts

from crnn_deploy.errors import InputError
from crnn_deploy.files import make_folder
from crnn_deploy.native.plugin import cached_plugin

RESULTS = Path(__file__).parents[1] / "results" / "gpu"
MOST_SECONDS_A_CASE = 2.0


def main() -> int:
    options = parse_options()
    try:
        results = run(options)
    except InputError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for path in write_results(results, options.out):
        report(f"written: {path}")
    for target in results.targets:
        report(f"{'met   ' if target.met else 'MISSED'} {target.name}: {target.result}")
    return 0 if all(target.met for target in results.targets) else 1


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FOLDER", help="for gru.json and gru.md")
    parser.add_argument(
        "--seconds", type=float, default=420, help="planned duration; cases get fewer rounds if it is short"
    )
    parser.add_argument("--rounds", type=int, default=100, help="largest number of rounds of a case")
    return parser.parse_args()


def run(options: argparse.Namespace) -> Results:
    """Build, check and time the plugin in about `--seconds`.

    Raises:
        InputError: if there is no GPU or no nvcc, or if the results cannot be written.
    """
    began, budget = monotonic(), Budget(options.seconds)
    if not torch.cuda.is_available():
        raise InputError(
            "There is no GPU that PyTorch can use, so nothing is measured or written.",
            f"torch {torch.__version__}, CUDA {torch.version.cuda or 'not built in'}.",
            "Run it on a machine with an NVIDIA GPU, its driver, and PyTorch with CUDA.",
        )
    make_folder(options.out)
    # Without TF32, so that cuDNN and matrix products compute in FP32, too.
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    device = torch.device("cuda", torch.cuda.current_device())
    report(f"building the plugin for {architecture(device)}")
    built = cached_plugin((architecture(device),))
    bench, plugin = Bench(device, Launcher(built.path)), Enqueue(built.path)
    ceilings = measured_ceilings(device)  # first, because an error in a kernel could make CUDA unusable
    checks = list(bench.checks())
    enqueue = bench.enqueue(plugin)
    cases = list(bench.cases(ceilings, budget, options.rounds))
    return Results(
        machine={**machine_facts(device), "nvcc": built.nvcc, "plugin": f"{built.sha256[:16]}, {built.bytes:,} bytes"},
        ceilings=ceilings,
        checks=checks,
        enqueue=enqueue,
        cases=cases,
        failures=bench.failures,
        targets=judge(checks, enqueue, cases, bench.failures),
        seconds=monotonic() - began,
    )


@dataclass
class Bench:
    """Runs checks and cases on the GPU. A CUDA error ends a case, not the run."""

    device: torch.device
    launcher: Kernel
    failures: list[str] = field(default_factory=list)

    def checks(self) -> Iterator[Check]:
        shapes = list(checked_shapes())
        for seed, shape in enumerate(shapes):
            try:
                check = check_shape(shape, self.launcher, self.device, seed)
            except RuntimeError as error:
                self._failed(shape, error)
                continue
            if not check.passed:
                report(f"{shape}: error {check.error}; {', '.join(check.faults)}")
            yield check
        report(f"{len(shapes)} shapes checked")

    def enqueue(self, enqueue: Kernel) -> dict[str, str | None]:
        """By type, what is wrong with `enqueue`; None if nothing is."""
        faults: dict[str, str | None] = {}
        for kind, half in (("fp16", True), ("fp32", False)):
            shape = Shape(9, 14, 96, 2, half, lengths=True, initial=True)
            try:
                faults[kind] = check_enqueue(shape, enqueue, self.launcher, self.device)
            except RuntimeError as error:
                faults[kind] = str(error)
        return faults

    def cases(self, ceilings: Ceilings, budget: Budget, rounds: int) -> Iterator[Case]:
        shapes = list(timed_shapes())
        for done, shape in enumerate(shapes):
            seconds = min(MOST_SECONDS_A_CASE, budget.share(len(shapes) - done))
            try:
                case = measure(shape, self.launcher, ceilings, self.device, rounds, seconds)
            except RuntimeError as error:
                self._failed(shape, error)
                continue
            report(f"{done + 1}/{len(shapes)} {describe(case)}")
            yield case

    def _failed(self, shape: Shape, error: RuntimeError) -> None:
        reason = str(error).splitlines()[0]
        self.failures.append(f"{shape}: {reason}")
        report(f"{shape}: {reason}")


def describe(case: Case) -> str:
    times = " · ".join(f"{name} {case.timed[name].us:.1f} µs" for name in (LAYER, CUDNN, LOOP))
    return f"{case.shape}: {times} ({case.timed[LAYER].rounds} rounds)"


def report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
