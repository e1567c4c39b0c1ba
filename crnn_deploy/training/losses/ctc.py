"""CTC on labels, and self-distillation of CTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Loss, Outputs, inside
from crnn_deploy.training.losses.frame_logits import FrameLogits


def ctc(logits: FrameLogits, frames: Tensor, targets: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """Connectionist temporal classification (Graves et al., ICML 2006): the loss `[N]` of each line.

    Args:
        logits: `[N, T, K]`.
        frames: `[N]` frames that belong to each line.
        targets: class indices of all lines, one after the other.
        lengths: `[N]` characters of each line. Lines whose text does not fit into their frames count as zero.
    """
    labels = _Labels.of(targets, lengths, blank)
    losses: Tensor = _Ctc.apply(labels.log_probs(logits), labels, frames)  # type: ignore[no-untyped-call]
    return losses


class Ctc(Loss):
    """CTC loss per character on the labels."""

    def __init__(self, blank: int) -> None:
        super().__init__()
        self.blank = blank

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        assert batch.targets is not None
        assert batch.lengths is not None
        per_line = ctc(outputs.frame_logits, batch.frames, batch.targets, batch.lengths, self.blank)
        return (per_line / batch.lengths.clamp(min=1)).mean()


class Dctc(Loss):
    """Self-distillation of CTC (arXiv 2308.08806): the student follows its own best alignment of the label.

    The gradient of CTC gives the posterior of each frame's class under the label. The most probable class is the target
    of the frame's cross-entropy. To be used together with `Ctc`.
    """

    def __init__(self, blank: int) -> None:
        super().__init__()
        self.blank = blank

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        assert batch.targets is not None
        assert batch.lengths is not None
        logits = outputs.frame_logits
        labels = _Labels.of(batch.targets, batch.lengths, self.blank)
        _, posterior = _aligned(labels.log_probs(logits), labels, batch.frames)
        aligned = labels.classes.gather(1, posterior.argmax(-1))
        counts = posterior.sum(-1) > 0  # not behind the line, nor where the label does not fit
        per_frame = logits.log_total - logits.of(aligned[..., None])[..., 0]
        return (per_frame * counts).sum() / counts.sum().clamp(min=1)


@dataclass(frozen=True)
class _Labels:
    """The text of lines, each in an alphabet of its own, so that other classes need no place in the computation.

    `classes` `[N, C]`: the blank, then those of the label. `targets` `[N, C - 1]`: the label as indices of these, of
    which `lengths` `[N]` count.
    """

    classes: Tensor
    targets: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, targets: Tensor, lengths: Tensor, blank: int) -> _Labels:
        longest = max(1, int(lengths.max()))
        places = torch.arange(longest, device=targets.device)
        texts = targets.new_full((len(lengths), longest), blank)
        texts[places < lengths[:, None]] = targets
        equal = texts[:, :, None] == texts[:, None, :]
        first = torch.where(equal, places, longest).amin(-1)  # a character that repeats has one index
        return cls(functional.pad(texts, (1, 0), value=blank), 1 + first, lengths)

    def log_probs(self, logits: FrameLogits) -> Tensor:
        """`[N, T, C]` of the classes of each line among all K."""
        of_frames = self.classes[:, None].expand(-1, logits.values.shape[1], -1)
        return logits.of(of_frames) - logits.log_total[..., None]


class _Ctc(Function):
    """The derivative of CTC with respect to log-probabilities, which PyTorch gives only with respect to logits."""

    @staticmethod
    def forward(ctx: Any, log_probs: Tensor, labels: _Labels, frames: Tensor) -> Tensor:
        losses, posterior = _aligned(log_probs, labels, frames)
        ctx.save_for_backward(posterior)
        return losses

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor, None, None]:
        (posterior,) = ctx.saved_tensors
        return -posterior * above[:, None, None], None, None


def _aligned(log_probs: Tensor, labels: _Labels, frames: Tensor) -> tuple[Tensor, Tensor]:
    """The loss `[N]` of lines, and how probable each class is at each frame `[N, T, C]`, given image and label.

    Both are zero for lines whose label does not fit, and the probabilities are so behind the lines.
    """
    with torch.enable_grad():
        leaf = log_probs.detach().requires_grad_()
        losses = functional.ctc_loss(
            leaf.transpose(0, 1), labels.targets, frames, labels.lengths, reduction="none", zero_infinity=True
        )
        (gradient,) = torch.autograd.grad(losses.sum(), leaf)
    belongs = inside(frames, log_probs.shape[1]) & (losses > 0)[:, None]
    # PyTorch's gradient is that with respect to logits: y - posterior.
    posterior = (leaf.detach().exp() - gradient) * belongs[..., None]
    return losses.detach(), posterior
