"""Writes the results: `gru.json` has all figures, `gru.md` has tables for people."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from gru_checks import BOUNDS, HIDDEN, Check
from gru_contestants import CUDNN, CUDNN_EAGER, LAYER, LOOP, RECURRENCE
from gru_speed import Case, Ceilings
from gru_targets import Target, best_speedup

from crnn_deploy.files import write_text
from crnn_deploy.units import MISSING, ratio, significant

EXPLANATION = """\
Medians of one bidirectional layer `[N, T, 2H]` → `[N, T, 2H]`, measured by CUDA events. All implementations run in
turns, each several times in a CUDA graph, on the same inputs, so that small inputs are read from the L2 cache.
*Projection + plugin* is the whole layer: one matrix product by PyTorch, then the plugin. cuDNN is `torch.nn.GRU` with
flattened weights and steps first, so that nothing is copied; speed-ups are against the faster of its times with and
without a graph. The *loop* runs two matrix products and one pointwise kernel for each step, which is the least that
TensorRT's loop does. The *floor* is the time for moving the layer's bytes or for its arithmetic, whichever is longer,
at the best rates of this device, measured in the same run. It does not include that each step must wait for the
previous one.

PyTorch makes cuDNN use its persistent algorithm for small H up to H = 192, and the standard algorithm above. It never
uses cuDNN's other persistent algorithm for bidirectional layers, nor for any GRU since Ampere
(`aten/src/ATen/native/cudnn/RNN.cpp`). TF32 is off."""


@dataclass(frozen=True)
class Results:
    """All results of a run.

    Attributes:
        enqueue: by type, what is wrong with the plugin's `enqueue`; None if nothing is.
        failures: descriptions of the cases that ended in an error.
        seconds: duration of the run.
    """

    machine: dict[str, str]
    ceilings: Ceilings
    checks: list[Check]
    enqueue: dict[str, str | None]
    cases: list[Case]
    failures: list[str]
    targets: list[Target]
    seconds: float


def write_results(results: Results, folder: Path) -> list[Path]:
    """Write `gru.json` and `gru.md` and return their paths."""
    date = datetime.date.today().isoformat()
    data, text = folder / "gru.json", folder / "gru.md"
    content = json.dumps({"date": date, **asdict(results)}, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(data, content + "\n")
    write_text(text, markdown(results, date))
    return [data, text]


def markdown(results: Results, date: str) -> str:
    facts = {
        **results.machine,
        "device memory": f"{results.ceilings.bytes_per_second / 1e9:,.0f} GB/s, measured",
        **{kind.upper(): f"{rate / 1e12:,.0f} TFLOP/s, measured" for kind, rate in results.ceilings.flops.items()},
        "took": f"{results.seconds:.0f} s",
    }
    blocks = ["# The GRU plugin on a GPU", "## Targets", _targets(results.targets)]
    if results.failures:
        blocks += ["## Failed", "\n".join(f"- {failure}" for failure in results.failures)]
    blocks += ["## Largest error against float64", _errors(results.checks), "## Speed", EXPLANATION]
    for kind, half in (("FP16", True), ("FP32", False)):
        blocks += [f"### {kind}", _speed([case for case in results.cases if case.shape.half == half])]
    blocks += [f"## Measured {date}", "\n".join(f"- {name}: {value}" for name, value in facts.items())]
    return "\n\n".join(blocks) + "\n"


def _targets(targets: Iterable[Target]) -> str:
    return _table(
        ("Target", "Met", "Result"), [(each.name, "yes" if each.met else "**no**", each.result) for each in targets], 3
    )


def _errors(checks: Sequence[Check]) -> str:
    """The largest errors of the plugin and of PyTorch over all shapes with the same H."""
    kinds = [(kind, {"fp16": "float16", "fp32": "float32"}[kind]) for kind in BOUNDS]
    columns = ["H", *(f"{who} {kind.upper()}" for kind, _ in kinds for who in ("plugin", "cuDNN")), "shapes"]
    rows = []
    for hidden in HIDDEN:
        row, count = [str(hidden)], 0
        for kind, torch_kind in kinds:
            chosen = [check for check in checks if check.kind == kind and check.shape.hidden == hidden]
            row += [_worst([check.error for check in chosen])]
            row += [_worst([check.torch_errors.get(torch_kind) for check in chosen])]
            count += len(chosen)
        rows.append((*row, str(count)))
    return _table(columns, rows)


def _worst(errors: Sequence[float | None]) -> str:
    """The largest error; a dash if there are none, or if one is None."""
    numbers = [error for error in errors if error is not None]
    return f"{max(numbers):.1e}" if numbers and len(numbers) == len(errors) else MISSING


def _speed(cases: Sequence[Case]) -> str:
    contestants = (RECURRENCE, LAYER, CUDNN, CUDNN_EAGER, LOOP)
    columns = ("H", "N", "T", *(f"{name}, µs" for name in contestants), "× cuDNN", "× loop", "floor, µs")
    rows = []
    for case in cases:
        shape = case.shape
        times = [significant(case.timed[name].us) + _mark(case, name) for name in contestants]
        speedups = [ratio(best_speedup(case, over)) for over in (CUDNN, LOOP)]
        sizes = [str(size) for size in (shape.hidden, shape.batch, shape.steps)]
        rows.append((*sizes, *times, *speedups, significant(case.floors_us[LAYER])))
    return _table(columns, rows)


def _mark(case: Case, name: str) -> str:
    """An asterisk if a CUDA graph could not be captured."""
    return "" if case.timed[name].graph or name == CUDNN_EAGER else "*"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 0) -> str:
    """A Markdown table. The columns after the first `text_columns` contain numbers."""
    rule = ["---" if index < text_columns else "--:" for index in range(len(columns))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, rule, *rows))
