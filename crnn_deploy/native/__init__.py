"""The custom-op library for ONNX Runtime: recurrent layers in INT8 (C++17, built by `pip install`)."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from crnn_deploy.errors import InputError

__all__ = ["LIBRARY_NAME", "kernel_level", "ort_custom_ops_path"]

# Environment variable with the path of another build of the library, such as one with sanitizers. If it is empty, no
# library is used.
LIBRARY_VARIABLE = "CRNN_DEPLOY_LIBRARY"
# Environment variable with the name of the kernels to use. Default: the best that the processor has.
KERNELS_VARIABLE = "CRNN_DEPLOY_KERNELS"

LIBRARY_NAME = {"win32": "crnn_deploy_ops.dll", "darwin": "libcrnn_deploy_ops.dylib"}.get(
    sys.platform, "libcrnn_deploy_ops.so"
)


def ort_custom_ops_path() -> Path | None:
    """The custom-op library for `SessionOptions.register_custom_ops_library`; None if it was not built.

    Models with `QGRU` or `QLSTM` also run without it, in FP32.
    """
    configured = os.environ.get(LIBRARY_VARIABLE)
    if configured is not None:
        return Path(configured) if configured else None
    # In an editable install, the library is in another folder than the sources, and the package has both folders.
    return next((path for folder in __path__ if (path := Path(folder) / LIBRARY_NAME).is_file()), None)


@cache
def library_function(name: str) -> Any:
    """A function of the library by its name; None if there is no library, or it is for another system or version."""
    path = ort_custom_ops_path()
    try:
        return None if path is None else getattr(ctypes.CDLL(str(path)), name)
    except (OSError, AttributeError):
        return None


def kernel_level() -> str | None:
    """Name of the kernels in use: `amx`, `avx512vnni`, `avxvnni`, `avx2` or `neondot`, or what the environment names.

    None if there is no library, and on processors where ONNX Runtime's own FP32 layers are faster.

    Raises:
        InputError: if the environment names a library that cannot be loaded, or kernels that this processor or this
            build does not have.
    """
    path = ort_custom_ops_path()
    if path is None:
        return None
    try:
        level = ctypes.CDLL(str(path)).crnn_deploy_kernel_level
    except (OSError, AttributeError) as error:
        if os.environ.get(LIBRARY_VARIABLE) is None:
            return None  # built for another system; the library is optional
        raise InputError(
            f"{LIBRARY_VARIABLE}={path} cannot be loaded.", str(error), f"Unset {LIBRARY_VARIABLE}."
        ) from None
    level.restype = ctypes.c_char_p
    name: bytes | None = level()
    if name is None:
        raise InputError(
            f"{KERNELS_VARIABLE}={os.environ.get(KERNELS_VARIABLE)}: these kernels are not available.",
            "The processor lacks the instructions, or the library was built without them.",
            f"Unset {KERNELS_VARIABLE}.",
        )
    return None if name == b"none" else name.decode()
