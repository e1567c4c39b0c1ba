"""Two processes under `torchrun` train one student, as one process would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.distill import distill

from .tiny import distill_config, draw_lines

MakeTeacher = Callable[..., Artifact]

# What every process runs: a distillation, after which it tells its weights and the loss of its first step.
WORKER = """
import hashlib, json, os, sys
from pathlib import Path
import torch
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.distill import distill
from crnn_deploy.training import loop

torch.set_num_threads(1)
told = {}
train, step = loop.Trainer.train, loop.Trainer._train_step

def telling(trainer):
    best = train(trainer)
    learned = [*trainer.plain.parameters(), *trainer.objective.parameters()]
    digest = hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in learned)).hexdigest()
    told.setdefault("weights", []).append(digest)
    told.setdefault("errors", []).extend(point["validation_error"] for point in trainer.history)
    return best

def first(trainer, batch):
    step(trainer, batch)
    told.setdefault("images", len(batch.images))
    told.setdefault("loss", trainer.figures.values["loss"][0])

loop.Trainer.train, loop.Trainer._train_step = telling, first
artifact = distill(DistillConfig.model_validate_json(sys.argv[1]))
told["artifact"] = artifact.sha256
Path(sys.argv[2], os.environ.get("RANK", "0") + ".json").write_text(json.dumps(told))
"""


def run_two(folder: Path, config: DistillConfig) -> list[dict[str, Any]]:
    """What each process told."""
    folder.mkdir()
    worker = folder / "worker.py"
    worker.write_text(WORKER)
    done = subprocess.run(
        [
            *[sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"],
            *[str(worker), config.model_dump_json(), str(folder)],
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


def test_two_processes_make_one_student(tmp_path: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    options = {
        **{"student": {"width": 0.25, "hidden": 16, "dropout": 0}, "augmentation": 0},
        **{"epochs": 2, "batch_size": 38, "qat": {"epochs": 1}},  # an epoch is one step
        "losses": [{"kind": "ctc"}, {"kind": "frame-kl"}, {"kind": "features", "until": 0.5}],
    }
    one, two = (
        distill_config(make_teacher(), lines, tmp_path / f"{count}" / "student.safetensors", **options)
        for count in (1, 2)
    )
    alone = distill(one).spec.lineage[-1].notes
    told = run_two(tmp_path / "told", two)
    assert [process["images"] for process in told] == [19, 19]
    assert told[0]["weights"] == told[1]["weights"]
    assert told[0]["errors"] == told[1]["errors"]
    assert len(told[0]["weights"]) == 2  # after the training, and after that with rounding
    # The same first step, but for the statistics of batch norm, which each process takes of its own images.
    mean = (told[0]["loss"] + told[1]["loss"]) / 2
    assert mean == pytest.approx(alone["history"][0]["loss"], rel=0.05)
    together = open_artifact(two.output)
    assert {process["artifact"] for process in told} == {together.sha256}
    notes = together.spec.lineage[-1].notes
    for stage in ("history", "qat_history"):
        losses = [[point["loss"] for point in points] for points in (notes[stage], alone[stage])]
        assert losses[0] == pytest.approx(losses[1], rel=0.2)
    assert [path.name for path in two.output.parent.iterdir()] == ["student.safetensors"]


def test_both_train_on_the_same_readings(tmp_path: Path, able_teacher: Artifact) -> None:
    data = draw_lines(tmp_path / "data", 60, seed=3, labelled=False)
    extra = draw_lines(tmp_path / "extra", 20, seed=4)
    output = tmp_path / "made" / "student.safetensors"
    told = run_two(
        tmp_path / "told", distill_config(able_teacher, data, output, extra=str(extra), confidence=0.5, epochs=1)
    )
    assert told[0]["weights"] == told[1]["weights"]
    assert {process["artifact"] for process in told} == {open_artifact(output).sha256}
    assert open_artifact(output).spec.lineage[-1].notes["pseudo_labelled"] > 0
