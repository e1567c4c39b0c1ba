"""The loop: what it does when things go wrong, and what it validates."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from told import Told
from torch import Tensor

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.models.assembly import load_model
from crnn_deploy.training import loop
from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.distill import distill
from crnn_deploy.training.losses.base import Outputs
from crnn_deploy.training.losses.ctc import Ctc

from .tiny import StopAfter, distill_config

MakeTeacher = Callable[..., Artifact]


@pytest.fixture
def student(tmp_path: Path) -> Path:
    return tmp_path / "made" / "student.safetensors"


def break_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let CTC give NaN from then on."""
    forward, calls = Ctc.forward, []

    def breaking(self: Ctc, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        calls.append(1)
        return forward(self, outputs, batch) * (1 if len(calls) <= steps else float("nan"))

    monkeypatch.setattr(Ctc, "forward", breaking)


def test_a_loss_that_is_no_number_stops_and_saves_the_best(
    student: Path, lines: Path, make_teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_after(5, monkeypatch)  # in the second of three epochs of four steps
    with pytest.raises(GateError, match=r"diverged at step 5: the loss is nan") as raised:
        distill(distill_config(make_teacher(), lines, student, epochs=3))
    assert "--learning-rate" in raised.value.fix
    best = student.with_name("student.best.safetensors")
    assert str(best) in raised.value.what
    assert torch.isfinite(load_model(open_artifact(best))(torch.zeros(1, 1, 32, 40))).all()
    assert not student.exists()


def test_before_the_first_epoch_there_is_no_best(
    student: Path, lines: Path, make_teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_after(2, monkeypatch)
    with pytest.raises(GateError, match="diverged at step 2") as raised:
        distill(distill_config(make_teacher(), lines, student, epochs=3))
    assert "best weights" not in raised.value.what
    assert not list(student.parent.glob("*.safetensors"))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_precision_trains_and_gives_single_precision(
    student: Path, lines: Path, make_teacher: MakeTeacher, precision: str
) -> None:
    losses = [{"kind": kind} for kind in ("ctc", "dctc", "frame-kl", "features")]
    options = {"epochs": 2, "precision": precision, "losses": losses, "qat": {"epochs": 1}}
    made = distill(distill_config(make_teacher(), lines, student, **options))
    assert {weight.dtype for weight in load_model(made).state_dict().values()} == {torch.float32, torch.int64}
    assert made.spec.lineage[-1].notes["training_precision"].startswith({"fp32": "32", "bf16": "bf16"}[precision])


def test_the_best_epoch_wins(
    student: Path, lines: Path, make_teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[dict[str, Tensor]] = []
    errors = iter([0.5, 0.2, 0.2, 0.7])
    monkeypatch.setattr(loop.Trainer, "_finish_epoch", _recording(loop.Trainer._finish_epoch, errors, kept))
    made = distill(distill_config(make_teacher(), lines, student, epochs=4))
    weights = load_model(made).state_dict()
    assert all(torch.equal(weights[name], value) for name, value in kept[2].items())  # the last of equals
    assert not all(torch.equal(weights[name], value) for name, value in kept[3].items())
    assert made.spec.metrics["validation"]["error"] == 0.2


def _recording(
    finish: Callable[[loop.Trainer], None], errors: Iterator[float], kept: list[dict[str, Tensor]]
) -> Callable[[loop.Trainer], None]:
    """Ends epochs with given errors, and keeps the averaged weights of each."""

    def recording(trainer: loop.Trainer) -> None:
        trainer.validate = lambda _: next(errors)
        kept.append({name: value.clone() for name, value in trainer.average.values.items()})
        finish(trainer)

    return recording


@pytest.mark.parametrize("part", ["student", "average", "optimizer"])
@pytest.mark.parametrize("foreign", [{}, {"weight": torch.zeros(3)}])
def test_a_foreign_state_is_refused_by_name(
    student: Path, lines: Path, make_teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch, part: str, foreign: object
) -> None:
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    config = distill_config(make_teacher(), lines, student, epochs=1)
    with pytest.raises(KeyboardInterrupt):
        distill(config, StopAfter(2))
    (file,) = student.parent.rglob("*.pt")
    torch.save({**torch.load(file, weights_only=True), part: foreign}, file)
    with pytest.raises(InputError, match="is not one that it saved") as raised:
        distill(config)
    assert str(file.parent) in raised.value.what


def test_the_log_has_a_row_for_each_epoch_though_interrupted(
    student: Path, lines: Path, make_teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    config = distill_config(make_teacher(), lines, student, epochs=3, log=["csv"])
    with pytest.raises(KeyboardInterrupt):
        distill(config, StopAfter(6))
    told = Told()
    made = distill(config, told)
    assert any("continuing at step 6 of 12" in line for line in told.lines)
    (file,) = (student.parent / "student.safetensors.log").rglob("metrics.csv")
    rows = list(csv.DictReader(file.open(newline="")))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    points = made.spec.lineage[-1].notes["history"]
    assert [round(float(row["loss"]), 4) for row in rows] == [point["loss"] for point in points]
