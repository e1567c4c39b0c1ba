"""Commands that run a function of this package in another Python process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import crnn_deploy
from crnn_deploy.import_path import import_path

# The other process imports from where this one does, but never from the current folder, which may hold a numpy.py.
# The package itself is loaded from its own place, whose folder need not be on the path.
_START = """
import sys
sys.path[:] = {path!r}
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("crnn_deploy", {file!r}, submodule_search_locations={folders!r})
sys.modules["crnn_deploy"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["crnn_deploy"])
from {module} import {function}
{function}()
"""


def package_command(function: Callable[[], object], *arguments: str) -> list[str]:
    """The command that calls a function of a module of this package; it finds the arguments in `sys.argv[1:]`."""
    start = _START.format(
        path=import_path(),
        file=crnn_deploy.__file__,
        folders=list(crnn_deploy.__path__),
        module=function.__module__,
        function=function.__name__,
    )
    return [sys.executable, "-c", start, *arguments]
