"""Builds the library of the INT8 kernels from a copy of its sources, with one token changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from mutants.mutation import Mutation
from mutants.rooms import PACKAGE, ROOT


class NativeBuild:
    """A copy of the sources and its build folder; a mutant compiles only what depends on its file."""

    def __init__(self, folder: Path) -> None:
        self._sources = folder / "native"
        self._build = folder / "build"
        self._changed: str | None = None
        shutil.copytree(PACKAGE / "native", self._sources, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["cmake", "-S", self._sources, "-B", self._build], check=True, capture_output=True)

    def environment_of(self, mutation: Mutation) -> dict[str, str] | None:
        """The environment in which the mutant is used, and compiled by tests; None if it does not compile."""
        self._change(mutation)
        if subprocess.run(["cmake", "--build", self._build], capture_output=True).returncode:
            return None
        library = self._build / "libcrnn_deploy_ops.so"
        return {"CRNN_DEPLOY_LIBRARY": str(library), "MUTANT_SOURCES": str(self._sources)}

    def _change(self, mutation: Mutation) -> None:
        """Make this change alone; the file that the mutant before it changed is restored."""
        if self._changed is not None:
            shutil.copyfile(ROOT / self._changed, self._sources / Path(self._changed).name)
        self._changed = mutation.path
        original = (ROOT / mutation.path).read_text(encoding="utf-8")
        (self._sources / Path(mutation.path).name).write_text(mutation.applied_to(original), encoding="utf-8")
