"""Reads Keras files in a process of their own.

HDF5 is a library in C that trusts its files: of files with a few changed bytes, one in 150 keeps HDF5 2.0 busy for
ever. Python cannot interrupt that, and a crash would end the whole process.
"""

from __future__ import annotations

import errno
import json
import os
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

from safetensors import safe_open
from safetensors.numpy import load_file

from crnn_deploy.checkpoints.families.keras.container import KerasFile
from crnn_deploy.checkpoints.families.keras.hdf5 import without_h5py
from crnn_deploy.checkpoints.families.keras.reading_process import DISK_IS_FULL, REFUSAL, REFUSED, RESULT, main
from crnn_deploy.child_process import child_process
from crnn_deploy.errors import InputError
from crnn_deploy.package_process import package_command
from crnn_deploy.scratch import scratch_folder

_SIGNAL = 128  # exit codes from here on tell of a signal
_LONGEST = 120.0  # seconds, where the process cannot limit itself, or a disk hangs
_BYTES_A_SECOND = 1 << 23


def read_keras(path: Path) -> KerasFile:
    """Read a `.keras` or `.h5` file.

    Raises:
        InputError: if it is damaged, holds weights alone, asks for more memory than what it holds needs, or crashes
            HDF5 or keeps it busy; or if h5py is missing.
    """
    if find_spec("h5py") is None:
        raise without_h5py(path)
    with scratch_folder() as folder:
        code, said = _ended(path, folder)
        if code == REFUSED and (folder / REFUSAL).exists():
            raise InputError(**json.loads((folder / REFUSAL).read_text(encoding="utf-8")))
        if code == DISK_IS_FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        if code < 0 or code >= _SIGNAL:
            raise InputError(
                f"{path} cannot be read: the HDF5 library crashed, or took too much time or memory.",
                "The file is damaged, or was made to do that; nothing was read from it.",
                "Fetch the file again and compare its size or checksum, or save it again with Keras.",
            )
        if code:
            raise RuntimeError(f"the process that reads {path} ended with {code}: {said[-1000:]}")
        return _result(folder / RESULT)


def _ended(path: Path, folder: Path) -> tuple[int, str]:
    """The exit code of the reading process, and what it printed."""
    longest = _LONGEST + path.stat().st_size / _BYTES_A_SECOND
    command = package_command(main, str(path), str(folder))
    with child_process(command, {"OPENBLAS_NUM_THREADS": "1"}, errors_to_stdout=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        timer = Timer(longest, process.stdin.close)  # which ends it
        timer.start()
        try:
            said = process.stdout.read()
        finally:
            timer.cancel()
    return process.returncode, said


def _result(path: Path) -> KerasFile:
    with safe_open(path, "numpy") as file:
        about = json.loads(file.metadata()["file"])
    tensors = load_file(path)
    layers = enumerate(about["layers"])
    weights = {name: [tensors[f"{j}.{i}"] for i in range(count)] for j, (name, count) in layers}
    return KerasFile(about["model"], about["version"], weights)
