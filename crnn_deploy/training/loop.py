"""The training loop: devices and precision by Fabric, resumable at any step, best on validation wins."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from crnn_deploy.environment import environment
from crnn_deploy.errors import GateError
from crnn_deploy.progress import Progress
from crnn_deploy.training.batches import TrainingBatch, TrainingSet
from crnn_deploy.training.config import DistillOptions
from crnn_deploy.training.objective import Objective
from crnn_deploy.training.schedule import MovingAverage, learning_rate
from crnn_deploy.training.state import TrainingFolder

_SAVE_SECONDS = 30.0

Validate = Callable[[nn.Module], float]


class Trainer:
    """Trains a student; the same arguments give the same weights, however often the training is interrupted.

    Whatever is random in a step follows from the seed and the step's number, so a kept state is just weights,
    optimizer and step.

    Args:
        validate: error of a model on the validation set, from 0 (best).
    """

    def __init__(
        self,
        student: nn.Module,
        data: TrainingSet,
        objective: Objective,
        validate: Validate,
        options: DistillOptions,
        folder: TrainingFolder,
        progress: Progress,
    ) -> None:
        self.options = options
        self.data = data
        self.objective = objective
        self.validate = validate
        self.folder = folder
        self.progress = progress
        self.total = options.epochs * data.batches_per_epoch
        self.precision = _precision(options.precision)
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # what it would say follows below
        self.fabric = Fabric(devices=1, precision=self.precision)
        progress.log(f"{self.total} steps in {self.precision} on {self.fabric.device}")
        optimizer = torch.optim.AdamW(student.parameters(), options.learning_rate, weight_decay=options.weight_decay)
        self.plain = student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.student, self.optimizer = self.fabric.setup(self.plain, optimizer)
        self.average = MovingAverage(self.plain, options.ema_decay)
        self.step = 0
        self.losses: list[float] = []  # of the epoch so far
        self.best: dict[str, Tensor] = {}
        self.history: list[dict[str, float]] = []

    def train(self) -> dict[str, Tensor]:
        """Train to the end and give the averaged weights that were best on validation."""
        self._resume()
        saved = time.monotonic()
        for batch in self.progress.track(self._batches(), "Training", self.total, self.step):
            self._train_step(batch)
            if self.step % self.data.batches_per_epoch == 0:
                self._finish_epoch()
            if time.monotonic() - saved > _SAVE_SECONDS:
                self._save()
                saved = time.monotonic()
        return self.best

    @property
    def best_error(self) -> float:
        """The lowest error on validation so far; infinite before the first epoch."""
        return min((point["validation_error"] for point in self.history), default=math.inf)

    def _batches(self) -> Iterator[TrainingBatch]:
        per_epoch = self.data.batches_per_epoch
        first = self.step // per_epoch
        for epoch in range(first, self.options.epochs):
            yield from self.data.epoch(epoch, skip=self.step % per_epoch if epoch == first else 0)

    def _train_step(self, batch: TrainingBatch) -> None:
        torch.manual_seed((self.options.seed << 32) + self.step)  # for dropout
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.total, self.options.learning_rate, self.options.warmup)
        self.student.train()
        batch = batch.to(self.fabric.device)
        logits = self.student(batch.images.contiguous(memory_format=torch.channels_last)).float()
        loss = self.objective(logits, batch, self.step / self.total)
        if not torch.isfinite(loss):
            raise GateError(
                f"The training diverged at step {self.step}: the loss is {loss.item()}.",
                "The learning rate is too high for these data.",
                "Try a third of it: --learning-rate, or distill.learning_rate in a recipe.",
            )
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.student, self.optimizer, max_norm=self.options.clip_norm)
        self.optimizer.step()
        self.average.update(self.plain)
        self.losses.append(loss.item())
        self.step += 1
        recent = self.losses[-50:]
        self.progress.status(f"loss {sum(recent) / len(recent):.3f}{self.objective.remark}")

    def _finish_epoch(self) -> None:
        """Validate the averaged weights and keep them if they are the best so far."""
        candidate = copy.deepcopy(self.plain)
        candidate.load_state_dict(self.average.values)
        error = self.validate(candidate.eval())
        epoch = self.step // self.data.batches_per_epoch
        loss = sum(self.losses) / len(self.losses)
        if error < self.best_error:
            self.best = {name: value.cpu().clone() for name, value in self.average.values.items()}
        self.history.append({"epoch": epoch, "loss": round(loss, 4), "validation_error": round(error, 6)})
        self.progress.log(f"epoch {epoch}: loss {loss:.3f}{self.objective.remark}, validation error {error:.2%}")
        self.losses = []

    def _save(self) -> None:
        self.folder.save(
            {
                "step": self.step,
                "losses": self.losses,
                "history": self.history,
                "best": self.best,
                "student": self.plain.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
            }
        )

    def _resume(self) -> None:
        state = self.folder.load()
        if state is None:
            return
        self.step, self.losses = state["step"], state["losses"]
        self.history, self.best = state["history"], state["best"]
        self.plain.load_state_dict(state["student"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress.log(f"going on at step {self.step} of {self.total}")


def _precision(wanted: str) -> Any:
    """Fabric's name of a precision; `auto` takes BF16 where the hardware multiplies it natively."""
    named = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
    if wanted != "auto":
        return named[wanted]
    if torch.cuda.is_available():
        return named["bf16" if torch.cuda.is_bf16_supported() else "fp16"]
    native = {"avx512_bf16", "amx_bf16"} & set(environment().instruction_sets)
    return named["bf16" if native else "fp32"]
