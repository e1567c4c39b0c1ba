"""Options of `build-plugin`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import Force, Frozen, Option


class PluginConfig(Frozen):
    """How to compile the TensorRT plugin."""

    architectures: Annotated[tuple[str, ...], Option(name="target", metavar="SM")] = Field(
        default=(),
        description="A GPU architecture; may be repeated. Without any, all that nvcc knows.",
        examples=["sm89"],
    )
    output: Annotated[Path | None, Option(short="-o", metavar="OUT")] = Field(
        default=None,
        description="A file to copy the library to, besides the cache.",
        examples=["libcrnn_deploy_trt.so"],
    )
    force: Force = False
