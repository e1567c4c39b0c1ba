"""Sizes that layers may have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crnn_deploy import limits

Channels = Annotated[int, Field(gt=0, le=limits.MAX_CHANNELS)]
Features = Annotated[int, Field(gt=0, le=limits.MAX_FEATURES)]
Units = Annotated[int, Field(gt=0, le=limits.MAX_HIDDEN)]
Extent = Annotated[int, Field(gt=0, le=limits.MAX_KERNEL)]
Margin = Annotated[int, Field(ge=0, le=limits.MAX_KERNEL)]
Epsilon = Annotated[float, Field(gt=0, le=1)]
Pair = tuple[Extent, Extent]
