"""How the engines of a run were built, with a column for each; they need not have run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crnn_deploy import units
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.inspection.engine_facts import MULTIPLYING_KINDS
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.tables import Cell, Table
from crnn_deploy.runtime.tensorrt.manifest import ShapeProfile
from crnn_deploy.runtime.tensorrt.names import TITLES

_NOTHING = Cell(units.MISSING)


def engines_table(report: Report) -> Table:
    """One row for each fact and one column for each engine, so that the table stays narrow."""
    records = list(report.engines.values())
    facts: list[tuple[str, Callable[[EngineRecord], Cell]]] = [("Built by", _builder), ("Runs on", _targets)]
    facts += [(f"Layers in {name.upper()}", _layers_in(name)) for name in _precisions(records)]
    facts += [("Recurrent layers", _recurrent), ("Size", _size), ("Same answer", _same_answer), ("Takes", _profiles)]
    rows = tuple((Cell(label), *map(cell, records)) for label, cell in facts)
    return Table((Cell("Engine"), *map(Cell, report.engines)), rows, numeric=range(0))


def engines_summary(report: Report) -> str:
    """How to read the table, and which engines did not run."""
    sentences = [
        "The precisions are those that TensorRT reports for each layer after the build. Same answer: on how many "
        "images the graph that an engine was built from reads the same as its ONNX model, both in ONNX Runtime on a "
        "CPU."
    ]
    statuses = {variant.name: variant.gate.status for variant in report.variants}
    if names := [name for name in report.engines if statuses[name] == "unproven"]:
        listed = " and ".join((", ".join(names[:-1]), names[-1]) if names[:-1] else names)
        sentences.append(f"{listed} did not run here, so their accuracy and latency are unknown.")
    return " ".join(sentences)


def _builder(record: EngineRecord) -> Cell:
    builder = f"{TITLES[record.manifest.flavor]} {record.manifest.version}"
    return Cell(builder, f"in {units.significant(record.seconds)}{units.NBSP}s")


def _targets(record: EngineRecord) -> Cell:
    return Cell(
        ", ".join(record.manifest.compute_capabilities), "and later" if record.manifest.hardware_compatible else ""
    )


def _precisions(records: Sequence[EngineRecord]) -> list[str]:
    """The precisions of the layers, the fastest first."""
    precisions = {layer.precision for record in records for layer in record.layers}
    usual = [name for name in ("int8", "fp16", "fp32") if name in precisions]
    return [*usual, *sorted(precisions.difference(usual))]


def _layers_in(precision: str) -> Callable[[EngineRecord], Cell]:
    order = {kind: position for position, kind in enumerate(MULTIPLYING_KINDS)}

    def cell(record: EngineRecord) -> Cell:
        layers = [layer for layer in record.layers if layer.precision == precision]
        layers.sort(key=lambda layer: order.get(layer.kind, len(order)))
        return Cell(", ".join(f"{each.count} {each.kind}" for each in layers) or units.MISSING)

    return cell


def _recurrent(record: EngineRecord) -> Cell:
    counts = {home: sum(layer.home == home for layer in record.recurrent) for home in ("plugin", "loop")}
    where = {"plugin": "in the plugin", "loop": "in a loop of TensorRT's"}
    reasons = dict.fromkeys(layer.reason for layer in record.recurrent if layer.reason)
    text = ", ".join(f"{count} {where[home]}" for home, count in counts.items() if count)
    return Cell(text, "; ".join(reasons)) if text else _NOTHING


def _size(record: EngineRecord) -> Cell:
    plugin = f"{units.size(record.plugin_bytes)} of it the plugin library" if record.plugin_bytes else ""
    return Cell(units.size(record.engine_bytes), plugin)


def _same_answer(record: EngineRecord) -> Cell:
    parity = record.parity
    if parity is None:
        return _NOTHING
    rounding = "with FP16's rounding" if parity.form == "rounded" else ""
    return Cell(f"{parity.images - parity.changed:,} of {parity.images:,} images", rounding)


def _profiles(record: EngineRecord) -> Cell:
    return Cell("; ".join(map(_profile, record.manifest.profiles)))


def _profile(profile: ShapeProfile) -> str:
    (least, _, greatest), most = profile.sizes, profile.max[0]
    things, unit = ("clip", "stills") if profile.of_clips else ("image", "px wide")
    number = f"{units.span(profile.min[0], most)} {things}{'s' if most > 1 else ''}"
    return f"{number}, {units.span(least, greatest)}{units.NBSP}{unit}"
