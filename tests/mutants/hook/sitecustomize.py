"""Loads one module of the package from changed source; Python imports this file at its start if it is on the path.

`MUTANT_MODULE` names the module, `MUTANT_FILE` its file and `MUTANT_SOURCE` the file with the changed source. No file
of the package is touched and no compiled cache is read or written, so several mutants can run side by side, and child
processes have the mutant too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        with open(os.environ["MUTANT_SOURCE"], encoding="utf-8") as file:  # noqa: PTH123
            return compile(file.read(), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != os.environ["MUTANT_MODULE"]:
            return None
        file = os.environ["MUTANT_FILE"]
        return spec_from_file_location(fullname, file, loader=_Loader(fullname, file))


if "MUTANT_MODULE" in os.environ:
    sys.meta_path.insert(0, _Finder())  # before the finder of an editable install
