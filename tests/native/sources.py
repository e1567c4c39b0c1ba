"""The C++ sources that tests compile: those of the package, or a copy with one change while mutants are tried."""

from __future__ import annotations

import os
from pathlib import Path

import crnn_deploy

SOURCES = Path(os.environ.get("MUTANT_SOURCES") or Path(crnn_deploy.__file__).parent / "native")
