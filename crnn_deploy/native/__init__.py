"""Our own kernels: recurrent layers in INT8 as a custom-op library for ONNX Runtime (C++17, built by `pip install`)."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from crnn_deploy.errors import InputError

__all__ = ["kernel_level", "ort_custom_ops_path"]

# Points to another build of the library, such as one with sanitizers; empty: do without.
LIBRARY_VARIABLE = "CRNN_DEPLOY_LIBRARY"
# Names the kernels to use instead of the best that the processor has.
KERNELS_VARIABLE = "CRNN_DEPLOY_KERNELS"

_NAME = {"win32": "crnn_deploy_ops.dll", "darwin": "libcrnn_deploy_ops.dylib"}.get(
    sys.platform, "libcrnn_deploy_ops.so"
)


def ort_custom_ops_path() -> Path | None:
    """The custom-op library for `SessionOptions.register_custom_ops_library`; None where it was not built.

    Models that hold `QGRU` or `QLSTM` run without it too, in FP32.
    """
    given = os.environ.get(LIBRARY_VARIABLE)
    if given is not None:
        return Path(given) if given else None
    # An editable install keeps compiled files apart from the sources: the package has several folders then.
    return next((path for folder in __path__ if (path := Path(folder) / _NAME).is_file()), None)


def kernel_level() -> str | None:
    """The kernels that run here: `amx`, `avx512vnni`, `avxvnni`, `avx2` or `neondot`, or those asked for.

    None without the library, and on processors where ONNX Runtime's own FP32 layers are faster.

    Raises:
        InputError: if the environment asks for a library that cannot be loaded, or for kernels that this processor, or
            this build, does not have.
    """
    path = ort_custom_ops_path()
    if path is None:
        return None
    try:
        level = ctypes.CDLL(str(path)).crnn_deploy_kernel_level
    except (OSError, AttributeError) as error:
        if os.environ.get(LIBRARY_VARIABLE) is None:
            return None  # built for another system: all works without it
        raise InputError(
            f"{LIBRARY_VARIABLE}={path} cannot be loaded.", str(error), f"Unset {LIBRARY_VARIABLE}."
        ) from None
    level.restype = ctypes.c_char_p
    name: bytes | None = level()
    if name is None:
        raise InputError(
            f"{KERNELS_VARIABLE}={os.environ.get(KERNELS_VARIABLE)}: there are no such kernels here.",
            "The processor lacks the instructions, or the library was built without them.",
            f"Unset {KERNELS_VARIABLE}.",
        )
    return None if name == b"none" else name.decode()
