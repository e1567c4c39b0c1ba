"""Where Python looks for modules, without the current folder: it may hold files of strangers.

This module runs before the path is clean. So it imports only what Python has loaded already when it starts.
"""

import os
import sys


def import_path() -> list[str]:
    """`sys.path` without the current folder, however it came there: by `-m`, by `-c`, by `.` or nothing in PYTHONPATH.

    The current folder stays where it holds Python's own modules or installed packages, and where PYTHONPATH names it by
    its absolute path.
    """
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    try:
        current = _real(os.curdir)
    except FileNotFoundError:  # it was deleted, and holds nothing
        return [folder for folder in sys.path if folder]
    wanted = {_real(folder) for folder in named if os.path.isabs(folder)}  # noqa: PTH117 - pathlib isn't loaded yet
    if current in wanted or current == _real(os.path.dirname(os.__file__)) or current.endswith("-packages"):  # noqa: PTH120
        return [folder for folder in sys.path if folder]
    return [folder for folder in sys.path if folder and _real(folder) != current]


def _real(folder: str) -> str:
    return os.path.realpath(folder)
