"""Options of `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from crnn_deploy.config import Frozen
from crnn_deploy.files import locate


class ImportConfig(Frozen):
    """One import: the checkpoint, and the artifact to write."""

    checkpoint: Annotated[Path, AfterValidator(locate)]
    output: Path
    force: bool = False
    module: str | None = Field(default=None, description="FILE.py:Class of the user's own network")
    spec: Path | None = Field(default=None, description="YAML with fields of the spec; they replace detected ones")
