"""The process in which `isolated_reading` reads a Keras file.

Its arguments are the file and an empty folder. It leaves `weights.safetensors` there and ends with 0, or `refusal.json`
and ends with 2. It ends itself when it takes more time or memory than a sound file of that size.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from safetensors.numpy import save_file

from crnn_deploy.checkpoints.families.keras.container import KerasFile, read_here
from crnn_deploy.errors import InputError
from crnn_deploy.files import FULL_DISK
from crnn_deploy.limits import MAX_HDF5_MEMORY, MAX_HDF5_SECONDS

RESULT, REFUSAL = "weights.safetensors", "refusal.json"
REFUSED, DISK_IS_FULL = 2, 28
_BYTES_A_SECOND = 1 << 26
_COPIES = 4  # of all weights: as stored, in single precision, for the result, and unpacked


def main() -> NoReturn:
    """Read the file, and exit with a code that tells how that ended."""
    path, folder = map(Path, sys.argv[1:])
    _limit(path.stat().st_size)
    try:
        _keep(read_here(path, folder), folder)
        code = 0
    except InputError as error:
        refusal = {"what": error.what, "cause": error.cause, "fix": error.fix}
        (folder / REFUSAL).write_text(json.dumps(refusal), encoding="utf-8")
        code = REFUSED
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        code = DISK_IS_FULL
    os._exit(code)  # a damaged file may keep HDF5 busy when it is closed


def _keep(file: KerasFile, folder: Path) -> None:
    """Weight i of layer j becomes the tensor `j.i`."""
    tensors = {f"{j}.{i}": array for j, name in enumerate(file.weights) for i, array in enumerate(file.weights[name])}
    counts = [(name, len(arrays)) for name, arrays in file.weights.items()]
    about = json.dumps({"model": file.model, "version": file.version, "layers": counts})
    save_file(tensors, folder / RESULT, {"file": about})


def _limit(size: int) -> None:
    """Let the system end this process where it knows such limits; a library in C cannot be interrupted otherwise."""
    import h5py  # noqa: F401 - its own memory and time are not those of the file

    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, MAX_HDF5_SECONDS + size / _BYTES_A_SECOND)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        most = taken + MAX_HDF5_MEMORY + _COPIES * size
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
