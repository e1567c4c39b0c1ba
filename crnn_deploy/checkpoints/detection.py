"""Recognises the family of a state dict."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from crnn_deploy.checkpoints import easyocr_g2, legere
from crnn_deploy.checkpoints.adapter import Adapter
from crnn_deploy.checkpoints.summary import summarise
from crnn_deploy.errors import InputError

ADAPTERS: tuple[Adapter, ...] = (easyocr_g2, legere)


def detect(tensors: Mapping[str, Tensor], name: str) -> Adapter:
    """The adapter for a state dict; `name` is that of the checkpoint, for messages.

    Raises:
        InputError: listing the layers, if the network is unknown or has no recurrent layer.
    """
    for adapter in ADAPTERS:
        if adapter.matches(tensors):
            return adapter
    summary = summarise(tensors)
    if not summary.recurrent:
        raise InputError(
            f"{name} has no recurrent layer, and crnn-deploy is for CRNNs.",
            f"Found a network without an RNN, such as a CNN with CTC:\n{summary}",
            "Give a CRNN: convolutions, then a GRU or LSTM, then a linear head.",
        )
    families = ", ".join(adapter.FAMILY for adapter in ADAPTERS)
    raise InputError(
        f"The architecture of {name} is unknown.",
        f"Found a CRNN, but of none of the supported families ({families}):\n{summary}",
        "Give its code and a spec: "
        f"crnn-deploy import {name} --module FILE.py:Class --spec SPEC.yaml -o OUT.safetensors",
    )
