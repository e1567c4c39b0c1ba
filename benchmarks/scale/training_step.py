"""Peak memory and time of training steps on an alphabet, in a process of its own.

python benchmarks/scale/training_step.py 18710 --losses parts
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Outputs
from crnn_deploy.training.losses.ctc import Ctc
from crnn_deploy.training.losses.frames import FrameKl
from crnn_deploy.training.pixels import PixelBatch
from crnn_deploy.training.teachers.batching import TeacherBatch

WIDTH, FRAMES, CHARACTERS, KEPT = 192, 48, 10, 32
Losses = Literal["parts", "plain"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("classes", type=int, help="K, with the blank")
    parser.add_argument("--lines", type=int, default=64, help="N, lines in the batch")
    parser.add_argument("--losses", choices=get_args(Losses), default="parts", help="ours, or those of the textbook")
    parser.add_argument("--network", action="store_true", help="with all of the student, and not its head alone")
    options = parser.parse_args()
    print(json.dumps(training_step(options.classes, options.lines, options.losses, options.network)))
    return 0


def line_student(classes: int, head_rank: int = 0) -> ModelSpec:
    """The spec of a student with so many classes, the blank among them."""
    like = ModelSpec(name="k", charset=alphabet(classes), preprocessing=Preprocessing(height=32))
    return student_spec("student", StudentChoice(width=0.5, head_rank=head_rank), like)


def alphabet(classes: int) -> tuple[str, ...]:
    return tuple(chr(0x4E00 + index) for index in range(classes - 1))


def training_step(classes: int, lines: int, losses: Losses, network: bool) -> dict[str, Any]:
    """What one step adds to the memory of the process, in sizes of the logits, and the CPU seconds of the next one.

    The step has CTC on labels, and the divergence from the frames of one teacher. Its images are noise, `WIDTH` pixels
    wide.
    """
    torch.manual_seed(0)
    torch.set_num_threads(1)
    student = build(line_student(classes)).train()
    batch = _batch(classes, lines)
    features = torch.randn(lines, FRAMES, student.get_submodule("head").in_features, requires_grad=True)
    loss = _in_parts if losses == "parts" else _plain

    def step() -> None:
        logits = student(*batch.inputs) if network else student.get_submodule("head")(features)
        loss(logits, features, batch).backward()  # type: ignore[no-untyped-call]

    optimizer = torch.optim.SGD(student.parameters(), 0.0)
    before = peak()
    step()
    added, start = peak() - before, time.process_time()
    optimizer.zero_grad()
    step()
    logits_bytes = 4 * lines * FRAMES * classes
    return {
        "classes": classes,
        "lines": lines,
        "losses": losses,
        "network": network,
        "logits_bytes": logits_bytes,
        "times_logits": added / logits_bytes,
        "cpu_seconds": time.process_time() - start,
    }


def _batch(classes: int, lines: int) -> TrainingBatch:
    kept = min(KEPT, classes)
    generator = torch.Generator().manual_seed(1)
    first = torch.randint(classes, (lines, FRAMES, 1), generator=generator)
    told = (first + classes // kept * torch.arange(kept)) % classes
    log_probs = torch.randn(lines, FRAMES, kept, generator=generator).sort(descending=True).values.log_softmax(-1)
    teacher = TeacherBatch(
        classes=told,
        log_probs=log_probs,
        rest=torch.full((lines, FRAMES), -torch.inf),
        trusted=torch.ones(lines, FRAMES),
        targets=torch.tensor([], dtype=torch.long),
        lengths=torch.zeros(lines, dtype=torch.long),
        confidence=torch.ones(lines),
        features=None,
    )
    levels = torch.randint(256, (lines, 32, WIDTH, 1), dtype=torch.uint8, generator=generator)
    return TrainingBatch(
        images=PixelBatch(levels, torch.full((1, 1), 0.5), torch.full((1, 1), 0.5), inverted=False),
        frames=torch.full((lines,), FRAMES),
        targets=torch.randint(1, classes, (lines * CHARACTERS,), generator=generator),
        lengths=torch.full((lines,), CHARACTERS),
        teachers=(teacher,),
    )


def _in_parts(logits: Tensor, features: Tensor, batch: TrainingBatch) -> Tensor:
    outputs = Outputs(logits, features)
    total: Tensor = Ctc(0)(outputs, batch) + FrameKl(0, 1.0, "all", 1.0)(outputs, batch)
    return total


def _plain(logits: Tensor, _features: Tensor, batch: TrainingBatch) -> Tensor:
    """The same losses as they are usually written, on dense tensors of the teacher."""
    assert batch.targets is not None
    assert batch.lengths is not None
    (teacher,) = batch.teachers
    dense = torch.full_like(logits.detach(), 1e-7).scatter_(-1, teacher.classes, teacher.log_probs.exp()).log()
    log_probs = logits.log_softmax(-1)
    ctc = functional.ctc_loss(log_probs.transpose(0, 1), batch.targets, batch.frames, batch.lengths)
    student = logits.log_softmax(-1)
    kl = functional.kl_div(student, dense.log_softmax(-1), reduction="none", log_target=True).sum(-1)
    return ctc + kl.mean()


def peak() -> int:
    """The most memory in bytes that this process held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measured(classes: int, lines: int, losses: Losses, network: bool) -> dict[str, Any]:
    """`training_step` in a process of its own."""
    command = [sys.executable, __file__, str(classes), "--lines", str(lines), "--losses", losses]
    command += ["--network"] * network
    row: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return row


if __name__ == "__main__":
    sys.exit(main())
