"""INT8 and a student of each family: size, speed, and how many lines read as before.

The checkpoints are those of `engines.py`, given in the same way:

    PYTHONPATH=tests python benchmarks/families/stages.py DATA/sroie_lines/train.tar --random \
        easyocr-g2=english_g2.pth keras=captcha.keras@DATA/captcha_v2/train.tar -o benchmarks/results/family-stages

INT8 is made for the CPU as `quantize --int8` does without a cap on the error; its speed-up
is that of undisturbed runs. The student is one of width 0.5 that the imported model teaches for one epoch on a few
lines: whether distillation takes the model as a teacher, not how well it reads afterwards.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # of quantized_anyway

from cases import Case, exported, refusal, run, some_of
from quantized_anyway import quantized_anyway

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.distill import distill

LINES = 256


def measured(case: Case, folder: Path) -> dict[str, Any]:
    """What came of each stage."""
    row: dict[str, Any] = {"name": case.name}
    try:
        parent = exported(case, folder)
        lines = some_of(case.lines, folder / "lines.tar", LINES)
        row["family"] = parent.spec.lineage[0].options.get("family", "")
        row["int8"] = in_int8(parent, lines, folder)
        row["student"] = taught(parent, lines, folder)
    except CrnnDeployError as error:
        row["refused"] = refusal(error)
    print(json.dumps(row, ensure_ascii=False), flush=True)
    return row


def in_int8(parent: Artifact, lines: Path, folder: Path) -> dict[str, Any]:
    """Size, speed and accuracy of the INT8 model, or why there is none."""
    config = QuantizeConfig(
        model=parent.path, data=str(lines), output=folder / "m.int8.onnx", samples=LINES // 2, held_out=LINES // 2,
        force=True, threads=1,
    )  # fmt: skip
    try:
        done, rejection = quantized_anyway(config)
    except CrnnDeployError as error:
        return {"refused": refusal(error)}
    speedup = done.record.speed[-1].speedup if done.record.speed else None
    return {
        "rejected": "" if rejection is None else rejection.what,
        "size": parent.path.stat().st_size / done.artifact.path.stat().st_size,
        "speedup": speedup and [speedup.ratio, speedup.low, speedup.high],
        "images": done.record.comparison.images,
        "same": done.record.comparison.images - done.record.comparison.changed,
        "unproven": done.record.comparison.unproven,
        "kept_fp32": sum(layer.precision == "fp32" for layer in done.record.layers),
        "layers": len(done.record.layers),
    }


def taught(parent: Artifact, lines: Path, folder: Path) -> dict[str, Any]:
    """Size of a student after one epoch, or why there is none."""
    student = folder / "student.safetensors"
    try:
        config = DistillConfig(
            teachers=(parent.path,), data=str(lines), output=student, epochs=1, labels=False, force=True,
            student={"family": "mobilenet-v3-gru", "width": 0.5},
        )  # fmt: skip
        size = distill(config).path.stat().st_size
    except CrnnDeployError as error:
        return {"refused": refusal(error)}
    return {"size": parent.path.stat().st_size / size}


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Markdown, one row for each checkpoint, and under it what was refused."""
    yield "| checkpoint | family | INT8: size | speed | same text | layers in FP32 | student: size |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        yield f"| {row['name']} | {row.get('family', '–')} | {' | '.join(cells(row))} |"
    for row in rows:
        for part in (row, row.get("int8", {}), row.get("student", {})):
            if "refused" in part:
                yield f"\n- {row['name']}: {part['refused']['what']} {part['refused']['cause']}"


def cells(row: dict[str, Any]) -> list[str]:
    found, student = row.get("int8", row), row.get("student", row)
    last = "refused" if "refused" in student else f"÷ {student['size']:.1f}"
    if "refused" in found:
        return ["refused", "–", "–", "–", last]
    speed = "–" if not found["speedup"] else f"{found['speedup'][0]:.2f}×"
    doubt = " (proves nothing)" if found["unproven"] else " (rejected)" if found["rejected"] else ""
    same = f"{found['same']} of {found['images']}{doubt}"
    return [f"÷ {found['size']:.1f}", speed, same, f"{found['kept_fp32']} of {found['layers']}", last]


if __name__ == "__main__":
    run(__doc__, measured, table)
