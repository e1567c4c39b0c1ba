"""Recognises the family of a checkpoint from the names of its tensors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crnn_deploy.checkpoints.families.catalogue import WEIGHTS
from crnn_deploy.checkpoints.families.family import Checkpoint, WeightsFamily
from crnn_deploy.checkpoints.pytorch.summary import summarise
from crnn_deploy.errors import InputError
from crnn_deploy.units import listed

_NEAR = 0.3  # of the names must be a family's to be worth a word


@dataclass(frozen=True)
class Resemblance:
    """How far the names of a checkpoint's tensors are those of a family.

    Attributes:
        family: that is compared.
        missing: patterns of the family that no tensor fits.
        strange: tensors that fit none of its patterns.
        share: of tensors and patterns that fit, from 0 to 1.
    """

    family: WeightsFamily
    missing: tuple[str, ...]
    strange: tuple[str, ...]
    share: float

    @property
    def complete(self) -> bool:
        """Whether all names are the family's."""
        return not self.missing and not self.strange


def detect(namings: Sequence[Checkpoint], wanted: str = "") -> tuple[WeightsFamily, Checkpoint, str]:
    """The family of a checkpoint, with the names that it has there, and why it is this family.

    Args:
        namings: the checkpoint with its weights named in several ways.
        wanted: the name of the family that the user says it is; empty: any.

    Raises:
        InputError: if it is of no known family; the block lists the layers, the nearest family and the difference.
    """
    candidates = _candidates(wanted)
    for checkpoint in namings:
        fitting = [family for family in candidates if resemblance(family, checkpoint).complete]
        fitting = [family for family in fitting if wanted or family.fits(checkpoint)]
        if fitting:
            return fitting[0], checkpoint, _reason(checkpoint, fitting)
    found = [resemblance(family, checkpoint) for checkpoint in namings for family in candidates]
    nearest = max(found, key=lambda one: one.share)
    if wanted:
        raise InputError(
            f"{namings[0].path} is no checkpoint of the family {wanted}.",
            _difference(nearest),
            "Leave out --family, and crnn-deploy looks for the family itself.",
        )
    raise _unknown(namings[0], nearest)


def resemblance(family: WeightsFamily, checkpoint: Checkpoint) -> Resemblance:
    """Compare the names of a checkpoint's tensors with those of a family."""
    patterns = [re.compile(pattern) for pattern in family.names]
    names = list(checkpoint.tensors)
    missing = tuple(pattern.pattern for pattern in patterns if not any(map(pattern.fullmatch, names)))
    strange = tuple(name for name in names if not any(pattern.fullmatch(name) for pattern in patterns))
    fitting = (1 - len(missing) / len(patterns)) * (1 - len(strange) / max(1, len(names)))
    return Resemblance(family, missing, strange, fitting)


def _candidates(wanted: str) -> Sequence[WeightsFamily]:
    chosen = [family for family in WEIGHTS if wanted in ("", family.name)]
    if not chosen:
        raise InputError(
            f"There is no family '{wanted}' of weights.", f"Known: {', '.join(family.name for family in WEIGHTS)}."
        )
    return chosen


def _reason(checkpoint: Checkpoint, fitting: Sequence[WeightsFamily]) -> str:
    first, *others = (family.name for family in fitting)
    sure = f"all {len(checkpoint.tensors)} names of its weights are those of {first}"
    return f"{sure}; they could also be of {listed(others)} (--family)" if others else sure


def _difference(one: Resemblance) -> str:
    lines = []
    if one.strange:
        names = ", ".join(one.strange[:4]) + ", …" * (len(one.strange) > 4)
        lines.append(f"{len(one.strange)} weights have other names: {names}")
    if one.missing:
        lines.append(f"nothing is called {', '.join(one.missing[:3])}{', …' * (len(one.missing) > 3)}")
    return "\n".join(lines) or "its names are the same, and the shapes of its weights are others"


def _unknown(checkpoint: Checkpoint, nearest: Resemblance) -> InputError:
    summary = summarise(checkpoint.tensors)
    if not summary.recurrent:
        return InputError(
            f"{checkpoint.path} has no recurrent layer, and crnn-deploy is for CRNNs.",
            f"Found a network without an RNN, such as a CNN with CTC:\n{summary}",
            "Give a CRNN: convolutions, then a GRU or LSTM, then a linear head.",
        )
    near = f"\nThe nearest family is {nearest.family.name}; {_difference(nearest)}" if nearest.share >= _NEAR else ""
    return InputError(
        f"The architecture of {checkpoint.path} is unknown.",
        f"Found a CRNN, but of none of the known families (crnn-deploy import --families):\n{summary}{near}",
        "Give its code and a spec: "
        f"crnn-deploy import {checkpoint.path} --module FILE.py:Class --spec SPEC.yaml -o OUT.safetensors",
    )
