"""Devices, precision and processes, with Lightning Fabric."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, Literal

import torch

from crnn_deploy.environment import instruction_sets
from crnn_deploy.files import cache_folder
from crnn_deploy.ranks import EXCHANGE_TIMEOUT, named_ranks

if TYPE_CHECKING:  # of the extra `train`
    from lightning_fabric import Fabric


def start_fabric(precision: Literal["auto", "fp32", "bf16", "fp16"]) -> Fabric:
    """Fabric on the GPU, or else the CPU; under `torchrun` each process has its own device."""
    # Fabric loads a part of PyTorch that makes this folder, by default in /tmp under a name that anyone can foresee.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "torchinductor"))
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    ranks = named_ranks()
    fabric = Fabric(
        accelerator="cuda" if torch.cuda.is_available() else "cpu",  # other accelerators, such as MPS, have no CTC
        devices=ranks.local_count,
        num_nodes=ranks.count // ranks.local_count,
        strategy=DDPStrategy(timeout=EXCHANGE_TIMEOUT) if ranks.count > 1 else "auto",
        precision=_precision(precision),
    )
    fabric.launch()
    return fabric


def _precision(wanted: str) -> Any:
    """Fabric's name of a precision; `auto` takes BF16 if the hardware multiplies it natively."""
    named = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}
    if wanted != "auto":
        return named[wanted]
    if torch.cuda.is_available():
        return named["bf16" if torch.cuda.is_bf16_supported() else "fp16"]
    native = {"avx512_bf16", "amx_bf16"} & set(instruction_sets())
    return named["bf16" if native else "fp32"]
