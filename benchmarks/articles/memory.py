"""Peak memory of one training step of `pixel-gru` over all pixels of a picture, in a process of its own.

python benchmarks/articles/memory.py 224 --checkpointing
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

import torch
from torch import nn

from crnn_deploy.models.assembly import build
from crnn_deploy.models.pictures.config import PixelGru
from crnn_deploy.models.pictures.families import picture_spec

CLASSES = tuple(f"class {index}" for index in range(100))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", type=int, help="height and width of the picture in pixels")
    parser.add_argument("--checkpointing", action="store_true")
    options = parser.parse_args()
    print(json.dumps(training_step(options.size, options.checkpointing)))
    return 0


def training_step(size: int, checkpointing: bool) -> dict[str, Any]:
    """Peak memory in bytes before and after a step of Adam on one picture of noise, and its seconds of CPU time."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    choice = PixelGru(steps="pixels", checkpointing=checkpointing)
    model = build(picture_spec("pixel-gru", choice, CLASSES, "RGB", (size, size))).train()
    optimizer = torch.optim.Adam(model.parameters())
    before, start = peak(), time.process_time()
    loss = nn.functional.cross_entropy(model(torch.randn(1, 3, size, size)), torch.tensor([7]))
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return {
        "steps": size * size,
        "checkpointing": checkpointing,
        "before": before,
        "peak": peak(),
        "seconds": time.process_time() - start,
        "loss": float(loss.detach()),
    }


def peak() -> int:
    """The most memory in bytes that this process held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measured(size: int) -> list[dict[str, Any]]:
    """The step without checkpointing and with it.

    Linux counts the memory of the process that starts another as the other's, so this has to be called while the caller
    is no larger than a fresh process.
    """
    command = [sys.executable, __file__, str(size)]
    runs = [[*command], [*command, "--checkpointing"]]
    return [json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout) for run in runs]


if __name__ == "__main__":
    sys.exit(main())
