"""The report of a quantization as one self-contained HTML page or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crnn_deploy import units
from crnn_deploy.benchmark.wording import speedup_interval
from crnn_deploy.errors import InputError
from crnn_deploy.escaping import json_text
from crnn_deploy.evaluation.primary_error import ERROR_LABELS
from crnn_deploy.files import check_free, write_text
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.report.html_page import Tile, render_page, require_extra
from crnn_deploy.report.quantization import figures as q
from crnn_deploy.report.quantization.plots import MOST_LAYERS, ranges, sensitivity

MACHINES = {"cpu": "CPU", "portable": "any runtime of standard ONNX", "tensorrt": "TensorRT"}
REFERENCES = {"labels": "their labels", "parent": "what the parent reads, as they have no labels"}


def check_quantization_report(path: Path, force: bool = False) -> None:
    """Refuse a report that could not be written; called before the quantization starts.

    Raises:
        InputError: if `path` ends neither in `.html` nor in `.json`, or exists and `force` is not set, or if jinja2 or
            matplotlib, which the page needs, is not installed.
    """
    if path.suffix not in (".html", ".json"):
        raise InputError(f"The report {path} must end in .html or .json.", fix=f"Use {path.with_suffix('.html')}.")
    if path.suffix == ".html":
        require_extra()
    check_free(path, force)


def write_quantization_report(record: QuantizationRecord, path: Path, name: str, force: bool = False) -> None:
    """Write the report on the model `name`, atomically: a page to `.html`, the record itself to `.json`.

    Raises:
        InputError: as `check_quantization_report`, or if `path` can't be written.
    """
    check_quantization_report(path, force)
    write_text(path, render_quantization(record, name) if path.suffix == ".html" else _as_json(record), force)


def render_quantization(record: QuantizationRecord, name: str) -> str:
    """The page. Equal records give equal bytes. Raises `InputError` if jinja2 or matplotlib is not installed."""
    require_extra()
    content = {
        "title": f"{name} in INT8",
        "headline": _headline(record, name),
        "tiles": _tiles(record),
        "record": record,
        "drawn": MOST_LAYERS,
        "trials": q.trials_table(record),
        "speed": q.speed_table(record),
        "sensitivity": q.sensitivity_table(record),
        "tensors": q.tensors_table(record.tensors),
        "worst": q.tensors_table(q.worst_tensors(record)[: q.MOST_TENSORS]),
        "placements": {label: q.placements(record, key) for key, label in q.PRECISIONS.items()},
        "facts": _facts(record),
    }
    return render_page("quantization.html.j2", content, {"sensitivity": sensitivity(record), "ranges": ranges(record)})


def _as_json(record: QuantizationRecord) -> str:
    return json_text(record.model_dump(mode="json")) + "\n"


def _headline(record: QuantizationRecord, name: str) -> str:
    if record.rejected is not None:
        return f"Rejected: {record.rejected}"
    runs = f"runs {faster} and " if (faster := q.speedup(record)) else ""
    same = f"reads {units.percent(record.comparison.same_text)} of the images as before"
    sentence = f"{name} in INT8 {runs}{same}: {q.change_of(record)}."
    return f"{record.reservation}. {sentence}" if record.reservation else sentence


def _tiles(record: QuantizationRecord) -> list[Tile]:
    change, allowed = record.comparison.difference, record.max_error_rise
    budget = "" if allowed is None else f", at most {units.points(allowed)} allowed"
    tiles = [
        Tile(
            f"Change of {ERROR_LABELS[record.figure]}, points", units.points(change.delta), q.interval(change) + budget
        ),
        Tile(
            q.SAME[record.figure].capitalize(),
            units.percent(record.comparison.same_text),
            f"of {record.held_out_images:,} held-out images",
        ),
    ]
    if record.speed:
        last = record.speed[-1]
        times = f"{units.milliseconds(last.parent_ms)} → {units.milliseconds(last.candidate_ms)}"
        known = " ".join(part for part in (f"{speedup_interval(last.speedup)};", q.machine_load(record)) if part)
        width = f"{times}, {last.width} pixels wide"
        tiles.append(Tile("Speed, one thread", units.ratio(last.speedup.ratio), f"{known} {width}"))
    integers = sum(layer.precision == "int8" for layer in record.layers)
    tiles.append(Tile("Layers in INT8", f"{integers} of {len(record.layers)}", q.kernels(record)))
    tiles.append(Tile("Calibrator", record.calibrator, f"on {record.calibration_images:,} images"))
    return tiles


def _facts(record: QuantizationRecord) -> list[tuple[str, str]]:
    facts: list[tuple[str, Any]] = [
        ("Target", MACHINES[record.target]),
        ("Calibration", f"{record.calibration_images:,} images, calibrator {record.calibrator}"),
        ("Held out", f"{record.held_out_images:,} images, against {REFERENCES[record.reference]}"),
        ("Recurrent layers", q.kernels(record)),
    ]
    if record.realised is not None:
        for label, operators in (("INT8", record.realised.int8), ("FP32", record.realised.fp32)):
            facts.append((f"Ran in {label}", ", ".join(f"{count} × {op}" for op, count in operators.items())))
    return [(label, value) for label, value in facts if value]
