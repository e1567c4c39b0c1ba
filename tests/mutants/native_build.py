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
        shutil.copytree(PACKAGE / "native", self._sources, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["cmake", "-S", self._sources, "-B", self._build], check=True, capture_output=True)

    def environment_of(self, mutation: Mutation) -> dict[str, str] | None:
        """The environment in which the mutant's library is used; None if it does not compile."""
        file = self._sources / Path(mutation.path).name
        original = (ROOT / mutation.path).read_text(encoding="utf-8")
        file.write_text(mutation.applied_to(original), encoding="utf-8")
        built = subprocess.run(["cmake", "--build", self._build], capture_output=True)
        file.write_text(original, encoding="utf-8")
        return None if built.returncode else self.environment()

    def environment(self) -> dict[str, str]:
        """The environment in which the library built last is used."""
        return {"CRNN_DEPLOY_LIBRARY": str(self._build / "libcrnn_deploy_ops.so")}

    def build(self) -> None:
        """Build the unchanged sources."""
        subprocess.run(["cmake", "--build", self._build], check=True, capture_output=True)
