"""Which family a state dict belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from crnn_deploy.checkpoints import easyocr_g2, legere
from crnn_deploy.checkpoints.adapter import Adapter
from crnn_deploy.checkpoints.summary import summarise
from crnn_deploy.errors import InputError

ADAPTERS: tuple[Adapter, ...] = (easyocr_g2, legere)


def detect(tensors: Mapping[str, Tensor], name: str) -> Adapter:
    """The adapter for a state dict; `name` says whose it is in messages.

    Raises:
        InputError: listing what was found, if the network is unknown or has no recurrent layer.
    """
    for adapter in ADAPTERS:
        if adapter.matches(tensors):
            return adapter
    found = summarise(tensors)
    if not found.recurrent:
        raise InputError(
            f"{name} has no recurrent layer, and crnn-deploy is for CRNNs.",
            f"Found a network without an RNN, such as a CNN with CTC:\n{found}",
            "Give a CRNN: convolutions, then a GRU or LSTM, then a linear head.",
        )
    known = ", ".join(adapter.FAMILY for adapter in ADAPTERS)
    raise InputError(
        f"The architecture of {name} is unknown.",
        f"Found a CRNN, but of none of the known families ({known}):\n{found}",
        "Bring its code and say how it reads: "
        f"crnn-deploy import {name} --module FILE.py:Class --spec SPEC.yaml -o OUT.safetensors",
    )
