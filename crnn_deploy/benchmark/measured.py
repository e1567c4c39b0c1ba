"""Size and latency of one artifact, as plain data."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.benchmark.reading_cost import ReadingCost
from crnn_deploy.benchmark.undisturbed import UndisturbedTime
from crnn_deploy.config import Frozen


class Latency(Frozen):
    """Milliseconds of one run of the network on a batch `[batch, C, H, width]`, or of clips of `stills`, over
    `rounds` interleaved rounds.

    `bucket` names the shape of the images: `median`, `narrow` or `wide` among the data's, or `100x32` without data.
    `preprocess_ms` and `decode_ms` are medians for a single image, not part of the run. Preprocessing starts from the
    decoded image; decoding is greedy. `device_ms` is the median time between two CUDA events around the network on a
    GPU, without the copies to and from it that the percentiles include; None on a CPU. The percentiles are what a user
    of this machine waited; `undisturbed` is what speed-ups are ratios of, None in reports of earlier versions.
    """

    runtime: str
    threads: int
    batch: int
    width: int
    stills: int | None = None
    bucket: str
    p50_ms: float
    p90_ms: float
    p99_ms: float
    rounds: int
    preprocess_ms: float
    decode_ms: float
    device_ms: float | None = None
    undisturbed: UndisturbedTime | None = None

    @property
    def on_gpu(self) -> bool:
        """Whether the network ran on a GPU."""
        return self.device_ms is not None


class Measured(Frozen):
    """Size and speed of one artifact; `size_bytes` is the file that ships.

    `latency` is that of the network, `reading` what whole lines cost; None where that was not measured.
    """

    name: str
    path: Path
    format: str
    precision: str
    size_bytes: int
    parameters: int
    macs: int
    latency: tuple[Latency, ...] = ()
    reading: ReadingCost | None = None
