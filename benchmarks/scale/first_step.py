"""What a training needs before its first step, in a process of its own: CPU seconds, peak memory, decoded images.

    python benchmarks/scale/first_step.py SOURCE

The source is opened before in another process, so that its index is there. A teacher is not asked.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import ImageFile

from crnn_deploy.api import TrainConfig, train
from crnn_deploy.training.devices import start_fabric
from crnn_deploy.training.loop import Trainer


class _FirstStepError(Exception):
    """Ends the training where its first step would begin."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    given = parser.parse_args()
    print(json.dumps(before_first_step(given.source)))


def before_first_step(location: str) -> dict[str, Any]:
    """CPU seconds of all threads and processes, peak MB, and images that were decoded before the first step.

    Loading PyTorch and Lightning Fabric is not counted in the seconds, but in the memory.
    """
    decoded = 0
    load = ImageFile.ImageFile.load

    def counted(image: ImageFile.ImageFile) -> Any:
        nonlocal decoded
        decoded += image.fp is not None
        return load(image)

    def stop(*_: object) -> None:
        raise _FirstStepError

    found: dict[str, Any] = {}
    start_fabric("fp32")
    loaded = _cpu()
    with tempfile.TemporaryDirectory() as folder:
        ImageFile.ImageFile.load = counted  # type: ignore[method-assign]
        Trainer._train_step = stop  # type: ignore[method-assign]
        config = TrainConfig(
            data=location, model="crnn-bigru:hidden=32", output=Path(folder) / "m.safetensors", validation_share=0.001
        )
        try:
            train(config)
        except _FirstStepError:
            found = {"cpu_s": round(_cpu() - loaded, 2), "loading_cpu_s": round(loaded, 2), "peak_mb": _peak_mb()}
    return found | {"decoded": decoded}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
