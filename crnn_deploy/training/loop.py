"""The training loop: it can be resumed at any step, and gives the weights with the lowest validation error."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from crnn_deploy.errors import GateError, InputError
from crnn_deploy.training.batches import TrainingBatch, TrainingSet
from crnn_deploy.training.figures import Averages
from crnn_deploy.training.logs import TrainingLog
from crnn_deploy.training.losses.base import Outputs
from crnn_deploy.training.objective import build_objective
from crnn_deploy.training.preparing import usual_workers
from crnn_deploy.training.schedule import MovingAverage, learning_rate
from crnn_deploy.training.teachers.tapping import HeadTap
from crnn_deploy.training.training_setup import TrainingSetup
from crnn_deploy.training.validator import validator

_SAVE_SECONDS = 30.0

_RATE, _QAT_RATE = "--learning-rate, or distill.learning_rate", "distill.qat.learning_rate"


class Trainer:
    """Trains a network; the same arguments give the same weights, however often the training is interrupted.

    Everything random in a step follows from the seed and the number of the step. So the saved state is weights,
    optimizer and step only.

    Args:
        stage: name of the state in the folder, and of the log.
    """

    def __init__(self, setup: TrainingSetup, network: nn.Module, stage: str) -> None:
        fabric, options, spec = setup.fabric, setup.options, setup.spec
        self.setup = setup
        self.stage = stage
        self.fabric = fabric
        self.options = options
        self.progress = setup.progress
        self.tap = HeadTap(network, spec.num_outputs, spec.name)
        workers = usual_workers(fabric.device) if options.workers is None else options.workers
        self.data = TrainingSet(setup.material, spec, options, (fabric.global_rank, fabric.world_size), workers)
        self.objective = build_objective(setup.material, spec, self.tap.size).to(fabric.device)
        self.validate = validator(spec, setup.material.validation, options.skip_bad, setup.ranks)
        self.log = TrainingLog(setup.folder.log / stage, options.log if fabric.is_global_zero else ())
        self.total = options.epochs * self.data.batches_per_epoch
        self._precision = fabric.strategy.precision.precision
        self.progress.log(f"{self.total:,} steps in {self._precision} on {fabric.device}")
        learned = [*network.parameters(), *self.objective.parameters()]
        optimizer = torch.optim.AdamW(learned, options.learning_rate, weight_decay=options.weight_decay)
        self.plain = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network, self.optimizer = fabric.setup(self.plain, optimizer)
        self.average = MovingAverage(self.plain, options.ema_decay)
        self.step = 0
        self.figures = Averages()  # of the epoch so far
        self.best: dict[str, Tensor] = {}
        self.history: list[dict[str, Any]] = []
        self.broken: set[str] = set()  # names of images that could not be decoded

    def train(self) -> dict[str, Tensor]:
        """Train to the end or the early stop; return the averaged weights with the lowest validation error."""
        self._resume()
        saved = time.monotonic()
        for batch in self.progress.track(self._batches(), "Training", self.total, self.step):
            self._tell_broken(batch)
            self._train_step(batch)
            if self.step % self.data.batches_per_epoch == 0:
                self._finish_epoch()
                if self._settled():
                    self.progress.log(f"no better epoch among the last {self.options.early_stop}: stopped")
                    break
            if time.monotonic() - saved > _SAVE_SECONDS:
                self._save()
                saved = time.monotonic()
        self._save()
        return self.best

    @property
    def best_error(self) -> float:
        """The lowest error on validation so far; infinite before the first epoch."""
        return min((point["validation_error"] for point in self.history), default=math.inf)

    def _batches(self) -> Iterator[TrainingBatch]:
        per_epoch = self.data.batches_per_epoch
        first = self.step // per_epoch
        for epoch in range(first, self.options.epochs):
            if not self._settled():
                yield from self.data.epoch(epoch, skip=self.step % per_epoch if epoch == first else 0)

    def _tell_broken(self, batch: TrainingBatch) -> None:
        for name in sorted(set(batch.broken) - self.broken):
            self.progress.log(f"{name} is broken and left out")
            self.broken.add(name)

    def _train_step(self, batch: TrainingBatch) -> None:
        torch.manual_seed((self.options.seed << 32) + self.step)  # for dropout
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.total, self.options.learning_rate, self.options.warmup)
        self.network.train()
        batch = batch.to(self.fabric.device)
        images, *others = batch.inputs
        logits = self.network(_channels_last(images), *others).float()
        outputs = Outputs(logits, self.tap.take().float())
        loss, parts = self.objective(outputs, batch, self.step / self.total)
        if not self._everywhere(torch.isfinite(loss)):
            raise self._diverged("loss", loss.item())
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        for parameter in self.objective.parameters():  # those of the network are averaged by DDP
            parameter.grad = cast(Tensor, self.fabric.all_reduce(cast(Tensor, parameter.grad)))
        norm = self.fabric.clip_gradients(
            self.network, self.optimizer, max_norm=self.options.clip_norm, error_if_nonfinite=False
        )
        # FP16 overflows sometimes: its gradients are scaled, and Fabric skips a step with infinite gradients.
        if norm is not None and not norm.isfinite() and self._precision != "16-mixed":
            raise self._diverged("norm of the gradients", norm.item())
        self.optimizer.step()
        self.average.update(self.plain)
        self.step += 1
        self.figures.add({"loss": loss.item(), **parts})
        self.progress.status(self.figures.recent())

    def _everywhere(self, finite: Tensor) -> bool:
        """Whether `finite` holds in all processes, so that they all stop at the same step."""
        return bool(cast(Tensor, self.fabric.all_reduce(finite.float(), reduce_op="mean")) == 1)

    def _diverged(self, what: str, value: float) -> GateError:
        kept = ""
        if self.best and self.fabric.is_global_zero:
            path = self.setup.folder.keep_best(self.best, self.setup.spec)
            kept = f" The best weights before, {self.best_error:.2%} wrong on validation, are in {path}."
        return GateError(
            f"The training diverged at step {self.step:,}: the {what} is {value}.{kept}",
            "The learning rate is too high for these data, or FP16 overflowed.",
            f"Try a third of the learning rate: {_QAT_RATE if self.stage == 'qat' else _RATE} in a recipe.",
        )

    def _finish_epoch(self) -> None:
        """Validate the averaged weights, and keep them if they are the best so far."""
        # Each process has statistics of batch norm from its own images: those of the first one count.
        values = self.setup.ranks.from_first({name: value.cpu() for name, value in self.average.values.items()})
        candidate = copy.deepcopy(self.plain)
        candidate.load_state_dict(values)
        error = self.validate(candidate.eval())
        epoch = self.step // self.data.batches_per_epoch
        if error <= self.best_error:  # of equally good epochs the last one is kept: it was trained longest
            self.best = {name: value.clone() for name, value in values.items()}
        means = self.figures.means()
        rate = self.optimizer.param_groups[0]["lr"]
        self.history.append(_point(epoch, means, error, rate))
        self.log.write(epoch, {**means, "validation_error": error, "learning_rate": rate})
        agreement = f", spikes agree {means['spike_agreement']:.0%}" if "spike_agreement" in means else ""
        self.progress.log(f"epoch {epoch}: loss {means['loss']:.3f}{agreement}, validation error {error:.2%}")
        self.figures = Averages()

    def _settled(self) -> bool:
        """Whether none of the last `early_stop` epochs had a lower error than an earlier one."""
        errors = [point["validation_error"] for point in self.history]
        patience = self.options.early_stop
        return bool(errors) and patience is not None and len(errors) - errors.index(min(errors)) > patience

    def _save(self) -> None:
        if not self.fabric.is_global_zero:
            return
        self.setup.folder.save(
            self.stage,
            {
                "step": self.step,
                "figures": self.figures.values,
                "history": self.history,
                "best": self.best,
                "student": self.plain.state_dict(),
                "objective": self.objective.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "precision": self.fabric.strategy.precision.state_dict(),  # scale of FP16 gradients
            },
        )

    def _resume(self) -> None:
        state = self.setup.folder.load(self.stage)
        if state is None:
            return
        try:
            self._restore(state)
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(
                f"The state of this training in {self.setup.folder.path} is not one that it saved.",
                "Something else wrote there, or another version of crnn-deploy.",
                "Start again: remove that folder.",
            ) from error
        self.progress.log(f"continuing at step {self.step:,} of {self.total:,}")

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.step, self.figures = state["step"], Averages(state["figures"])
        self.history, self.best = state["history"], state["best"]
        self.plain.load_state_dict(state["student"])
        self.objective.load_state_dict(state["objective"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.fabric.strategy.precision.load_state_dict(state["precision"])


def _point(epoch: int, means: dict[str, float], error: float, rate: float) -> dict[str, Any]:
    """One point of the history, from which the report draws its curves."""
    parts = {name: round(value, 4) for name, value in means.items() if name not in ("loss", "spike_agreement")}
    agreement = means.get("spike_agreement")
    return {
        "epoch": epoch,
        "loss": round(means["loss"], 4),
        "validation_error": round(error, 6),
        "learning_rate": rate,
        "losses": parts,
        "spike_agreement": None if agreement is None else round(agreement, 4),
    }


def _channels_last(images: Tensor) -> Tensor:
    """The layout in which convolutions are fastest; that of clips, with their five axes, is the network's matter."""
    return images.contiguous(memory_format=torch.channels_last) if images.ndim == 4 else images
