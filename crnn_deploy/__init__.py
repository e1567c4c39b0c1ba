"""crnn-deploy: from trained CRNN checkpoints to small, fast models whose decoded text has been checked.

`crnn_deploy.api` has every verb of the command line as a function; `crnn_deploy.Reader` reads in a program.
"""

import os

# Not from `typing`: this runs before the current folder, where a file of that name may lie, is off the path.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from crnn_deploy.reading.reader import Reader

__all__ = ["Reader"]
__version__ = "0.1.0"

# Its official builds send events to their maker. It is read when ONNX Runtime is loaded, so it is set before that.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def __getattr__(name: str) -> object:
    """`Reader` is loaded when it is asked for: the command line answers `--help` without NumPy."""
    if name != "Reader":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from crnn_deploy.reading.reader import Reader

    return Reader
