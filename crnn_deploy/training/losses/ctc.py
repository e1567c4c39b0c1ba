"""CTC on labels, and self-distillation of CTC."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Loss, Outputs, inside


def ctc(log_probs: Tensor, frames: Tensor, targets: Tensor, lengths: Tensor, blank: int, reduction: str) -> Tensor:
    """Connectionist temporal classification (Graves et al., ICML 2006).

    Args:
        log_probs: `[N, T, K]`.
        frames: `[N]` frames that belong to each line.
        targets: class indices of all lines, one after the other.
        lengths: `[N]` characters of each line. Lines whose text does not fit into their frames count as zero.
        reduction: `mean` per character, `none` or `sum`.
    """
    return functional.ctc_loss(
        log_probs.transpose(0, 1), targets, frames, lengths, blank=blank, reduction=reduction, zero_infinity=True
    )


class Ctc(Loss):
    """CTC loss per character on the labels."""

    def __init__(self, blank: int) -> None:
        super().__init__()
        self.blank = blank

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        assert batch.targets is not None
        assert batch.lengths is not None
        log_probs = outputs.logits.log_softmax(-1)
        return ctc(log_probs, batch.frames, batch.targets, batch.lengths, self.blank, "mean")


class Dctc(Loss):
    """Self-distillation of CTC (arXiv 2308.08806): the student follows its own best alignment of the label.

    The gradient of CTC gives the posterior of each frame's class under the label. The most probable class is the target
    of the frame's cross-entropy. To be used together with `Ctc`.
    """

    def __init__(self, blank: int) -> None:
        super().__init__()
        self.blank = blank

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        log_probs = outputs.logits.log_softmax(-1)
        alignment = self._posterior(log_probs, batch).argmax(-1)
        belongs = inside(batch.frames, log_probs.shape[1])
        per_frame = functional.nll_loss(log_probs.transpose(1, 2), alignment, reduction="none")
        return (per_frame * belongs).sum() / belongs.sum()

    def _posterior(self, log_probs: Tensor, batch: TrainingBatch) -> Tensor:
        """`[N, T, K]` probability of each frame's class, from image and label: y - ∂CTC/∂logits."""
        assert batch.targets is not None
        assert batch.lengths is not None
        with torch.enable_grad():
            leaf = log_probs.detach().requires_grad_()
            total = ctc(leaf, batch.frames, batch.targets, batch.lengths, self.blank, "sum")
            (gradient,) = torch.autograd.grad(total, leaf)
        return leaf.detach().exp() - gradient  # because PyTorch returns the gradient with respect to the logits
