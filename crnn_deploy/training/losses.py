"""What the student is trained on. Each loss is a mean, so that weights mean the same for every batch and alphabet."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# Blank frames away from every character count this much: enough to keep long gaps and margins silent.
_FAR_BLANK_WEIGHT = 0.1


def ctc_loss(logits: Tensor, frames: Tensor, targets: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """Connectionist temporal classification (Graves et al., 2006), per character.

    Args:
        logits: `[N, T, K]`.
        frames: `[N]` frames that belong to each line.
        targets: class indices of all lines, one after the other.
        lengths: `[N]` characters of each line. Lines that don't fit into their frames count as zero.
    """
    log_probs = logits.log_softmax(-1).transpose(0, 1)
    return functional.ctc_loss(log_probs, targets, frames, lengths, blank=blank, zero_infinity=True)


def frame_distillation(logits: Tensor, teacher: Tensor, frames: Tensor, blank: int, temperature: float) -> Tensor:
    """Blank-aware Kullback-Leibler divergence from the teacher's frames.

    Most CTC frames are blank and would drown the characters. Frames in which the teacher sees a character count fully,
    and so does the blank frame on either side of them (symmetric selection: Hilmes et al., arXiv 2506.01503, which
    makes training without labels work); other blank frames count a little.

    Args:
        logits: `[N, T, K]` of the student.
        teacher: `[N, T, K]` log-probabilities at the student's frame rate.
        frames: `[N]` frames that belong to each line; padding behind them is ignored.
    """
    character = (teacher.argmax(-1) != blank).float()
    near = functional.max_pool1d(character, kernel_size=3, stride=1, padding=1)
    weight = near + (1 - near) * _FAR_BLANK_WEIGHT
    weight = weight * (_positions(teacher) < frames[:, None])
    divergence = _divergence(logits, teacher, temperature)
    return (divergence * weight).sum() / weight.sum().clamp(min=1)


def frame_agreement(logits: Tensor, teacher: Tensor, frames: Tensor, blank: int) -> Tensor:
    """Share of the teacher's characters at whose frame, or one beside it, the student reads the same character."""
    expected = teacher.argmax(-1)
    spikes = (expected != blank) & (_positions(teacher) < frames[:, None])
    read = functional.pad(logits.argmax(-1), (1, 1), value=-1)
    hit = (read[:, :-2] == expected) | (read[:, 1:-1] == expected) | (read[:, 2:] == expected)
    return (hit & spikes).sum() / spikes.sum().clamp(min=1)


def class_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy with a little label smoothing (Szegedy et al., arXiv 1512.00567); `[N, K]` and `[N]`."""
    return functional.cross_entropy(logits, classes, label_smoothing=0.05)


def class_distillation(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence from the teacher's classes `[N, K]` (Hinton et al., arXiv 1503.02531)."""
    return _divergence(logits, teacher, temperature).mean()


def _divergence(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """KL per row at a temperature; its square keeps the gradients' size (Hinton et al.)."""
    student = (logits / temperature).log_softmax(-1)
    target = (teacher / temperature).log_softmax(-1)
    return functional.kl_div(student, target, reduction="none", log_target=True).sum(-1) * temperature**2


def _positions(frames: Tensor) -> Tensor:
    """`[1, T]` indices of the frames of `[N, T, K]`."""
    return torch.arange(frames.shape[1], device=frames.device)[None]
