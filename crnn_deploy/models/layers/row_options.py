"""A layer that takes images of any height: adaptive pooling of their rows."""

from __future__ import annotations

from typing import Literal

from crnn_deploy.config import Frozen
from crnn_deploy.models.layers.sizes import Extent


class Rows(Frozen):
    """Adaptive pooling to a number of rows of images of any height; columns stay as they are."""

    kind: Literal["rows"] = "rows"
    rows: Extent
    function: Literal["mean", "max"] = "mean"
