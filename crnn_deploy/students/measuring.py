"""Size and INT8 speed of students before any training."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from crnn_deploy.artifact import Artifact, read_onnx, write_onnx, write_safetensors
from crnn_deploy.benchmark.timing import Act, InterleavedTimer
from crnn_deploy.benchmark.undisturbed import Clock, joined, undisturbed
from crnn_deploy.benchmark.wording import disturbance
from crnn_deploy.config import Frozen
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.inspection.torch_facts import torch_facts
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.untrained import quantize_untrained
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.scratch import scratch_folder
from crnn_deploy.spec import ModelSpec
from crnn_deploy.students.config import SurveyOptions

_FIRST_CHARACTER = 0xF0000  # of a private-use plane of Unicode, which is larger than any charset
_ROUNDS, _WARMUP = 1000, 5
_PARTS = 10  # of the timing


class MeasuredStudent(Frozen):
    """One student: `macs` and `latency_ms` for one input of the survey's size; latency and `size_bytes` are in INT8.

    `latency_ms` is the undisturbed time of the network alone, with one line or picture at a time.
    """

    choice: StudentChoice
    parameters: int
    macs: int
    size_bytes: int
    latency_ms: float


def measure_students(options: SurveyOptions, progress: Progress) -> tuple[MeasuredStudent, ...]:
    """Make each student with random weights, quantize it to INT8, and time all of them in turns."""
    choices, image = options.catalogue, _image(options)
    with scratch_folder() as folder:
        artifacts = [
            _int8_student(_spec(choice, options), folder / str(index), image, progress)
            for index, choice in progress.track(enumerate(choices), "Making students", len(choices))
        ]
        sessions = [open_session(artifact, options.threads) for artifact in artifacts]
        acts = [partial(session.run, image) for session in sessions]
        times = _milliseconds(acts, options, progress)
        return tuple(
            _measured(choice, artifact, time, image.shape)
            for choice, artifact, time in zip(choices, artifacts, times, strict=True)
        )


def _milliseconds(acts: Sequence[Act], options: SurveyOptions, progress: Progress) -> list[float]:
    """Undisturbed time of each act; they are timed in turns, in parts so that progress can be shown."""
    clock: Clock = "cpu" if options.threads == 1 else "wall"
    timer = InterleavedTimer(_ROUNDS, options.seconds / _PARTS, _WARMUP)
    parts = [timer.time(acts) for _ in progress.track(range(_PARTS), "Timing", _PARTS)]
    times = [undisturbed(joined(rounds), clock) for rounds in zip(*parts, strict=True)]
    spread = max((time.spread for time in times), key=lambda spread: float("inf") if spread is None else spread)
    if told := disturbance(max(time.interrupted or 0.0 for time in times), spread):
        progress.log(told)
    return [time.ms for time in times]


def _image(options: SurveyOptions) -> NDArray[np.float32]:
    """Noise as an input `[1, C, H, W]` of a network."""
    shape = (1, 1 if options.channels == "L" else 3, *options.input_size)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def _int8_student(spec: ModelSpec, folder: Path, image: NDArray[np.float32], progress: Progress) -> Artifact:
    folder.mkdir()
    weights = write_safetensors(folder / "student.safetensors", _random_student(spec).state_dict(), spec)
    exported = export(ExportConfig(model=weights.path, output=folder / "student.onnx"))
    quantized = quantize_untrained(read_onnx(exported.path), image, progress)
    return write_onnx(folder / "student.int8.onnx", quantized, exported.spec)


def _measured(choice: StudentChoice, artifact: Artifact, latency_ms: float, shape: tuple[int, ...]) -> MeasuredStudent:
    facts = torch_facts(build(artifact.spec), shape)
    return MeasuredStudent(
        choice=choice,
        parameters=facts.parameters,
        macs=facts.macs,
        size_bytes=artifact.size_bytes,
        latency_ms=round(latency_ms, 4),
    )


def _spec(choice: StudentChoice, options: SurveyOptions) -> ModelSpec:
    height, width = options.input_size
    fields: dict[str, Any] = {"charset": tuple(chr(_FIRST_CHARACTER + index) for index in range(options.classes - 1))}
    if options.height is not None:
        fields = {"task": "classify", "class_names": tuple(map(str, range(options.classes)))}
    seen = Preprocessing(channels=options.channels, height=height, width=width if options.height else None)
    return student_spec("student", choice, ModelSpec(name="student", preprocessing=seen, **fields))


def _random_student(spec: ModelSpec) -> nn.Module:
    """A network with random weights that keep the size of activations from layer to layer, as trained weights do.

    With PyTorch's own initialisation activations fade, and their INT8 ranges would be unlike those of any real network.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build(spec)
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return model
