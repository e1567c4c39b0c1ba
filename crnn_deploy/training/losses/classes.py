"""Losses of classifiers, from labels and from the probabilities that teachers give to the classes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from crnn_deploy.training.augmentation.mixing import Mixture
from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Loss, Outputs


class CrossEntropy(Loss):
    """Cross-entropy with label smoothing (Szegedy et al., arXiv 1512.00567).

    The target of a mixed picture is the mixture of the two labels.

    Args:
        label_smoothing: share of the probability that is spread over all classes.
        weights: how much the images of each class count; None: all the same. The mean is weighted.
    """

    weights: Tensor | None

    def __init__(self, label_smoothing: float, weights: Tensor | None = None) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        assert batch.targets is not None
        own, weight = self._losses(outputs.logits, batch.targets)
        if batch.mixture is None:
            return own.sum() / weight.sum()
        share = batch.mixture.share
        other, weight_of_other = self._losses(outputs.logits, batch.targets[batch.mixture.partner])
        mixed = share * own + (1 - share) * other
        return mixed.sum() / (share * weight + (1 - share) * weight_of_other).sum()

    def _losses(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The weighted loss of each image, and its weight."""
        smoothing = self.label_smoothing
        losses = functional.cross_entropy(logits, targets, self.weights, label_smoothing=smoothing, reduction="none")
        return losses, torch.ones_like(losses) if self.weights is None else self.weights[targets]


class _ByTeacher(Loss):
    """A loss that compares the student with each teacher, and takes the mean.

    For a mixed picture, the teacher's probabilities for both pictures are mixed in the same shares.
    """

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        answers = [_mixed(teacher.log_probs, batch.mixture) for teacher in batch.teachers]
        return torch.stack([self.compare(outputs.logits, answer, batch) for answer in answers]).mean()

    def compare(self, logits: Tensor, teacher: Tensor, batch: TrainingBatch) -> Tensor:
        """The loss from logits `[N, K]` of the student and log-probabilities `[N, K]` of one teacher."""
        raise NotImplementedError


def _mixed(log_probs: Tensor, mixture: Mixture | None) -> Tensor:
    """Log-probabilities `[N, K]` of mixed pictures from those of single ones."""
    if mixture is None:
        return log_probs
    share = mixture.share[:, None]
    return torch.logaddexp(share.log() + log_probs, (1 - share).log() + log_probs[mixture.partner])


def divergence(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL divergence from `teacher` of each row at a temperature, times its square (arXiv 1503.02531).

    The square keeps the gradients at the same size for every temperature.
    """
    student = (logits / temperature).log_softmax(-1)
    target = (teacher / temperature).log_softmax(-1)
    return functional.kl_div(student, target, reduction="none", log_target=True).sum(-1) * temperature**2


class HintonKd(_ByTeacher):
    """Kullback-Leibler divergence at a temperature (Hinton et al., arXiv 1503.02531)."""

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def compare(self, logits: Tensor, teacher: Tensor, batch: TrainingBatch) -> Tensor:
        return divergence(logits, teacher, self.temperature).mean()


class Dist(_ByTeacher):
    """Correlation with the teacher, among the classes of an image and among the images of a class.

    Huang et al., DIST, arXiv 2205.10536: the exact probabilities of a strong teacher are hard to match, but their order
    is not.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature

    def compare(self, logits: Tensor, teacher: Tensor, batch: TrainingBatch) -> Tensor:
        student = (logits / self.temperature).softmax(-1)
        target = (teacher / self.temperature).softmax(-1)
        between_classes = 1 - _correlation(student, target).mean()
        between_images = 1 - _correlation(student.T, target.T).mean()
        return (between_classes + between_images) * self.temperature**2


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    """Pearson's correlation of each row."""
    centred = (a - a.mean(-1, keepdim=True), b - b.mean(-1, keepdim=True))
    return functional.cosine_similarity(*centred, dim=-1)


class Dkd(_ByTeacher):
    """Divergence on the target class and among the others, each with its own weight (Zhao et al., arXiv 2203.08679).

    Without labels the teacher's best class is the target.
    """

    def __init__(self, temperature: float, target_weight: float, others_weight: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.target_weight = target_weight
        self.others_weight = others_weight

    def compare(self, logits: Tensor, teacher: Tensor, batch: TrainingBatch) -> Tensor:
        target = teacher.argmax(-1) if batch.targets is None else batch.targets
        of_target = functional.one_hot(target, logits.shape[-1]).bool()
        loss = self.target_weight * self._on_target(logits, teacher, of_target)
        return loss + self.others_weight * self._among_others(logits, teacher, of_target)

    def _on_target(self, logits: Tensor, teacher: Tensor, of_target: Tensor) -> Tensor:
        """The divergence between two outcomes: the target class, and any other class."""
        return (_binary(logits, of_target, self.temperature, teacher) * self.temperature**2).mean()

    def _among_others(self, logits: Tensor, teacher: Tensor, of_target: Tensor) -> Tensor:
        shape = (len(logits), logits.shape[-1] - 1)
        others = [x.masked_select(~of_target).reshape(shape) for x in (logits, teacher)]
        return divergence(others[0], others[1], self.temperature).mean()


def _binary(logits: Tensor, of_target: Tensor, temperature: float, teacher: Tensor) -> Tensor:
    student, target = (
        torch.stack([p[of_target], p.masked_fill(of_target, 0).sum(-1)], -1).clamp(min=1e-8)
        for p in ((x / temperature).softmax(-1) for x in (logits, teacher))
    )
    return functional.kl_div(student.log(), target, reduction="none").sum(-1)
