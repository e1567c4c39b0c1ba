"""One run of the study: distil, evaluate, and store the readings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from materials import Material
from methods import Method, Precision

from crnn_deploy.api import distill, evaluate, export, quantize
from crnn_deploy.config import Frozen
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.files import write_text
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.training.config import DistillConfig

TEACHER = "teacher"


class Record(Frozen):
    """Result of one student, or of the teacher, whose seed and time are 0."""

    material: str
    method: str
    seed: int
    seconds: float
    evaluations: dict[Precision, Evaluation]


@dataclass(frozen=True)
class Run:
    """One student of the study."""

    material: Material
    method: Method
    seed: int

    @property
    def name(self) -> str:
        position = [method.name for method in self.material.methods].index(self.method.name)
        return f"{self.material.name}-{position}-{self.seed}"


def planned(materials: Sequence[Material], seeds: int) -> Iterator[Run]:
    """All runs, seed by seed, so that an unfinished study has runs of all methods."""
    for seed in range(seeds):
        for material in materials:
            for method in material.methods:
                yield Run(material, method, seed)


def make(run: Run, teacher: Path, train: str, evaluation: str, work: Path, progress: Progress) -> Record:
    """Distil the student of `run`, and evaluate it in each precision of its method. Only the student's file stays."""
    material, method = run.material, run.method
    student = work / f"{run.name}.safetensors"
    started = time.perf_counter()
    config = DistillConfig(
        teachers=(teacher,),
        data=train,
        output=student,
        force=True,
        losses=method.losses,
        labels=method.labels,
        qat=method.qat,
        seed=run.seed,
        **material.student,
    )
    distill(config, progress)
    seconds = time.perf_counter() - started
    onnx, int8 = student.with_suffix(".onnx"), student.with_suffix(".int8.onnx")
    export(ExportConfig(model=student, output=onnx, force=True), progress)
    files: dict[Precision, Path] = {"fp32": onnx, "int8": int8}
    if "int8" in method.precisions:
        quantize(QuantizeConfig(model=onnx, data=train, output=int8, force=True), progress)
    read = {p: _read(files[p], evaluation, material.evaluated) for p in method.precisions}
    for file in files.values():
        file.unlink(missing_ok=True)
    return Record(material=material.name, method=method.name, seed=run.seed, seconds=seconds, evaluations=read)


def of_teacher(material: Material, teacher: Path, evaluation: str) -> Record:
    """The result of the teacher on the same images."""
    read = _read(teacher, evaluation, material.evaluated)
    return Record(material=material.name, method=TEACHER, seed=0, seconds=0, evaluations={"fp32": read})


def keep(record: Record, path: Path) -> None:
    write_text(path, record.model_dump_json())


def kept(path: Path) -> Record:
    return Record.model_validate_json(path.read_text(encoding="utf-8"))


def _read(artifact: Path, data: str, limit: int | None) -> Evaluation:
    return evaluate(EvaluateConfig(artifact=artifact, data=data, limit=limit, resamples=1))
