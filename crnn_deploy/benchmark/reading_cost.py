"""What it costs to read whole lines, as plain data."""

from __future__ import annotations

from pydantic import Field

from crnn_deploy.config import Frozen


class WidthTime(Frozen):
    """The median time of lines that are from `narrowest` to `widest` times as wide as high."""

    narrowest: float
    widest: float
    lines: int
    p50_ms: float


class ReadingCost(Frozen):
    """What a program pays that reads with `crnn_deploy.Reader`, from the bytes of an image file to the text.

    The percentiles are of `lines` lines of the data, read one by one on one thread, by the wall clock; `cpu_ms` is the
    median of the CPU time that they need. `lines_per_second` is that of batches on `cores` cores. A new process that
    imports the package and reads its first line on one thread takes `first_line_seconds` of CPU time, and `peak_bytes`
    of memory; None where the system does not tell.
    """

    lines: int
    p50_ms: float = Field(gt=0)
    p90_ms: float
    p99_ms: float
    cpu_ms: float
    by_width: tuple[WidthTime, ...] = ()
    lines_per_second: float
    cores: int
    first_line_seconds: float
    peak_bytes: int | None = None
