"""Does TensorRT-RTX build engines of each family, and do their graphs read as the model does? Needs no GPU.

Each checkpoint is imported, exported, and built in FP32, FP16 and INT8 (quantized for TensorRT first). What is refused
stands there with the message and the advice. Without a GPU no engine runs: the proof is that of `build-engine --data`,
the graph in ONNX Runtime with the rounding to FP16 written out.

    PYTHONPATH=tests python benchmarks/families/engines.py DATA/sroie_lines/val.tar --random \
        easyocr-g2=english_g2.pth keras=captcha.keras@DATA/captcha_v2/val.tar -o benchmarks/results/family-engines

NAME=FILE is a checkpoint with its name in the table, and @LINES are images of its own. FILE.yaml beside it is its spec.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # of quantized_anyway

from cases import Case, exported, refusal, run, some_of
from quantized_anyway import quantized_anyway

from crnn_deploy.artifact import Artifact
from crnn_deploy.engine.build_engine import build_engine
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.runtime.tensorrt.names import Precision
from crnn_deploy.units import size

PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")
TARGET = "sm89"
LINES = 32  # to calibrate and to compare on


def measured(case: Case, folder: Path) -> dict[str, Any]:
    """What came of each precision; a step that fails ends those that need it."""
    start = time.perf_counter()
    row: dict[str, Any] = {"name": case.name}
    try:
        parent = exported(case, folder)
        row["family"] = parent.spec.lineage[0].options.get("family", "")
        lines = some_of(case.lines, folder / "lines.tar", LINES)
        for precision in PRECISIONS:
            row[precision] = outcome(parent, precision, lines, folder)
    except CrnnDeployError as error:
        row["refused"] = refusal(error)
    row["seconds"] = round(time.perf_counter() - start)
    print(json.dumps(row, ensure_ascii=False), flush=True)
    return row


def outcome(parent: Artifact, precision: Precision, lines: Path, folder: Path) -> dict[str, Any]:
    """The figures of an engine, or why there is none."""
    try:
        rejected = ""
        model = parent.path
        if precision == "int8":
            model, rejected = quantized(parent, lines, folder)
        common: dict[str, Any] = {"flavor": "tensorrt-rtx", "targets": (TARGET,), "force": True}
        config = EngineConfig(
            model=model, output=folder / "m.engine", precision=precision, data=str(lines), max_batch=8, **common
        )
        return {**figures(build_engine(config).record), "quantize": rejected}
    except CrnnDeployError as error:
        return {"refused": refusal(error)}


def quantized(parent: Artifact, lines: Path, folder: Path) -> tuple[Path, str]:
    """The INT8 model, and why `quantize` rejects it: random weights may prove nothing, and are built all the same."""
    config = QuantizeConfig(
        model=parent.path, data=str(lines), output=folder / "m.int8.onnx", target="tensorrt", calibrator="mse",
        samples=LINES // 2, held_out=LINES // 2, max_error_rise=1, force=True, threads=1,
    )  # fmt: skip
    done, rejection = quantized_anyway(config)
    return done.artifact.path, "" if rejection is None else rejection.what


def figures(record: EngineRecord) -> dict[str, Any]:
    parity = record.parity
    assert parity is not None
    return {
        "bytes": record.engine_bytes,
        "layers": {f"{layer.kind} {layer.precision}": layer.count for layer in record.layers},
        "images": parity.images,
        "same_text": parity.same_text,
        "max_difference": parity.max_difference,
        "relative_difference": parity.relative_difference,
        "peak": parity.peak,
        "kept_fp32": {layer.name: layer.reason for layer in record.kept_fp32},
        "unproven": parity.unproven,
        "recurrent": {f"{layer.op}({layer.hidden}) {layer.home}": layer.reason for layer in record.recurrent},
    }


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Markdown, one row for each checkpoint, and under it what was refused."""
    yield f"| checkpoint | family | {' | '.join(precision.upper() for precision in PRECISIONS)} | stays in FP32 |"
    yield "|---|---|---|---|---|---:|"
    for row in rows:
        cells = [cell(row.get(precision, row)) for precision in PRECISIONS]
        kept = len(row.get("fp16", {}).get("kept_fp32", ()))
        yield f"| {row['name']} | {row.get('family', '–')} | {' | '.join(cells)} | {kept} |"
    for row in rows:
        for part in (row, *(row.get(precision, {}) for precision in PRECISIONS)):
            if "refused" in part:
                yield f"\n- {row['name']}: {part['refused']['what']} {part['refused']['cause']}"


def cell(found: dict[str, Any]) -> str:
    if "refused" in found:
        return "refused"
    proof = " (proves nothing)" if found["unproven"] or found.get("quantize") else ""
    same = round(found["same_text"] * found["images"])
    return f"{size(found['bytes'])}, {same} of {found['images']}, {found['max_difference']:.2g}{proof}"


if __name__ == "__main__":
    run(__doc__, measured, table)
