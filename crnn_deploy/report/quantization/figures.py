"""The figures of a quantization, in words and in plain tables that terminal and page share."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from crnn_deploy import units
from crnn_deploy.benchmark.wording import disturbance, speedup_interval
from crnn_deploy.evaluation.difference import Difference
from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.evaluation.primary_error import ERROR_LABELS
from crnn_deploy.quantization.calibration.calibrators import TensorCalibration
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.report.tables import Cell, Table

SAME = {"cer_ci": "same text", "top1": "same class"}
PRECISIONS = {"fp32": "FP32", "int8": "INT8"}

# Limits beyond which a tensor's calibration is listed: share of values, levels of 256, and a ratio.
MANY_SATURATED = 0.005
FEW_LEVELS = 64
FAR_OUTLIERS = 8
MOST_TENSORS = 5  # that are listed

_WIDE_SPREAD = 0.1  # of a speed-up of which only the lower end is told


def verdict(record: QuantizationRecord) -> str:
    """One line: the reservation if there is one, the change of the error, the speed-up, and the kernels that ran."""
    claims = [
        f"{change_of(record)} with calibrator {record.calibrator}",
        f"{units.percent(record.comparison.same_text)} {SAME[record.figure]}",
        speedup(record),
        kernels(record),
    ]
    figures = ", ".join(claim for claim in claims if claim)
    return f"{record.reservation}. {figures}" if record.reservation else figures


def change_of(record: QuantizationRecord) -> str:
    """The change of the error in points with its interval, and whether it is within the cap."""
    change, allowed = record.comparison.difference, record.max_error_rise
    text = f"{ERROR_LABELS[record.figure]} {units.points(change.delta)} points ({interval(change)})"
    return (
        f"{text}, more than the {100 * allowed:.2f} allowed" if allowed is not None and change.high > allowed else text
    )


def speedup(record: QuantizationRecord) -> str:
    """Such as `2.4× faster`, or `at least 1.9× faster` where the interval is wide; empty where nothing was timed."""
    if not record.speed:
        return ""
    found = record.speed[-1].speedup
    if found.spread is not None and found.spread > _WIDE_SPREAD and found.low > 1:
        return f"at least {found.low:.2f}× faster"
    return units.times(found.ratio, "faster", "slower")


def machine_load(record: QuantizationRecord) -> str:
    """How busy the machine was while the chosen plan was timed, and how well its speed is known; empty where quiet."""
    return disturbance(record.speed[-1].interrupted, record.speed[-1].speedup.spread) if record.speed else ""


def kernels(record: QuantizationRecord) -> str:
    """The kernels that ran recurrent layers in INT8; empty where none did."""
    return f"GRU/LSTM in INT8 on {record.kernel}" if record.kernel else ""


def interval(change: Difference) -> str:
    return f"{units.points(change.low)} … {units.points(change.high)}"


def short(name: str) -> str:
    """A name without the parts that it repeats: `/blocks/blocks.1/Conv_output_0` is `blocks.1/Conv`."""
    parts = name.removesuffix("_output_0").strip("/").split("/")
    kept = [part for part, after in pairwise(parts) if not after.startswith(f"{part}.")]
    return "/".join([*kept, parts[-1]])


def trials_table(record: QuantizationRecord) -> Table:
    """One row per calibrator that was tried, before layers went back to FP32."""
    rows = (
        (
            Cell(trial.calibrator),
            *_cells(trial.comparison),
            Cell("yes" if trial.calibrator == record.calibrator else ""),
        )
        for trial in record.trials
    )
    return _table(("Calibrator", *_columns(record), "Chosen"), rows, range(1, 6))


def sensitivity_table(record: QuantizationRecord) -> Table:
    """One row per layer: what it costs alone in INT8, and the arithmetic in which it runs."""
    precisions = {layer.layer: PRECISIONS[layer.precision] for layer in record.layers}
    rows = (
        (
            Cell(short(entry.layer)),
            Cell(entry.op),
            Cell(units.points(entry.comparison.difference.delta), interval(entry.comparison.difference)),
            Cell(f"{entry.comparison.noise_db:.1f}"),
            Cell(precisions.get(entry.layer, units.MISSING)),
        )
        for entry in record.sensitivity
    )
    columns = (Cell("Layer"), Cell("Op"), Cell("Change, points", "95 %"), Cell("SNR, dB"), Cell("Runs in"))
    return Table(columns, tuple(rows), range(2, 4))


def speed_table(record: QuantizationRecord) -> Table:
    """The plans that were timed, the chosen one last."""
    rows = (
        (
            Cell(trial.plan),
            Cell(str(trial.width)),
            Cell(units.significant(trial.parent_ms)),
            Cell(units.significant(trial.candidate_ms)),
            Cell(units.ratio(trial.speedup.ratio), speedup_interval(trial.speedup)),
        )
        for trial in record.speed
    )
    return _table(("In INT8", "Width, pixels", "Parent, ms", "Quantized, ms", "Speed-up"), rows, range(1, 5))


def placements(record: QuantizationRecord, precision: str) -> list[tuple[str, str, list[str]]]:
    """Layers that ran in `int8` or `fp32`, grouped: such as `3 × Conv`, the reason, and their names."""
    groups: dict[tuple[str, str], list[str]] = {}
    for layer in record.layers:
        if layer.precision == precision:
            groups.setdefault((layer.op, layer.reason), []).append(short(layer.layer))
    return [(f"{len(names)} × {op}", reason, names) for (op, reason), names in groups.items()]


def tensors_table(tensors: Iterable[TensorCalibration]) -> Table:
    """The observed range of each tensor, and the range that INT8 covers."""
    columns = ("Tensor", "Observed", "Covered", "Saturated", "Outliers", "Levels")
    rows = (
        (
            Cell(short(tensor.name)),
            Cell(_span(tensor.lowest, tensor.highest)),
            Cell(_span(tensor.low, tensor.high)),
            Cell(_share(tensor.saturated)),
            Cell(units.ratio(tensor.outliers)),
            Cell(f"{tensor.levels:.0f}"),
        )
        for tensor in tensors
    )
    return _table(columns, rows, range(1, 6))


def worst_tensors(record: QuantizationRecord) -> list[TensorCalibration]:
    """Tensors whose calibration is beyond a limit, the worst first."""
    return sorted((tensor for tensor in record.tensors if _concern(tensor) >= 1), key=_concern, reverse=True)


def _concern(tensor: TensorCalibration) -> float:
    return max(tensor.saturated / MANY_SATURATED, FEW_LEVELS / tensor.levels, tensor.outliers / FAR_OUTLIERS)


def _columns(record: QuantizationRecord) -> tuple[str, ...]:
    return (ERROR_LABELS[record.figure], "Change, points", "95 % interval", SAME[record.figure].capitalize(), "SNR, dB")


def _cells(comparison: ModelComparison) -> tuple[Cell, ...]:
    return (
        Cell(units.percent(comparison.error)),
        Cell(units.points(comparison.difference.delta)),
        Cell(interval(comparison.difference)),
        Cell(units.percent(comparison.same_text)),
        Cell(f"{comparison.noise_db:.1f}"),
    )


def _table(columns: Iterable[str], rows: Iterable[tuple[Cell, ...]], numeric: range) -> Table:
    return Table(tuple(map(Cell, columns)), tuple(rows), numeric)


def _span(low: float, high: float) -> str:
    return f"{low + 0.0:.3g} … {high + 0.0:.3g}".replace("-", "−")


def _share(fraction: float) -> str:
    """A share of values; a small one is shown as `<0.01 %` rather than as 0."""
    return f"<{units.percent(0.0001)}" if 0 < fraction < 0.00005 else units.percent(fraction) if fraction else "0"
