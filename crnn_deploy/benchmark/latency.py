"""Latency of several artifacts side by side, for every thread count, bucket of widths and batch size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from crnn_deploy.artifact import Artifact
from crnn_deploy.benchmark.inputs import Bucket, batch_input, distinct_labels
from crnn_deploy.benchmark.measured import Latency
from crnn_deploy.benchmark.timing import InterleavedTimer
from crnn_deploy.benchmark.undisturbed import Clock, undisturbed
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.decoding import decode
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.session import DeviceTimed, Session


class LatencyBenchmark:
    """Times artifacts in interleaved rounds.

    Args:
        threads: thread counts; the sessions of one count are closed before those of the next are opened.
        batches: images a run.
        timer: how long, and by which clock.
    """

    def __init__(self, threads: Sequence[int], batches: Sequence[int], timer: InterleavedTimer) -> None:
        self._threads = threads
        self._batches = batches
        self._timer = timer

    def run(
        self, artifacts: Mapping[str, Artifact], buckets: Sequence[Bucket], progress: Progress = SILENT
    ) -> dict[str, list[Latency]]:
        """Rows of each artifact by its name; a bucket that pads to the width of an earlier one is left out.

        Raises:
            InputError: if an artifact can't be loaded or an image is broken.
        """
        rows: dict[str, list[Latency]] = {name: [] for name in artifacts}
        total = len(self._threads) * len(buckets) * len(self._batches)
        for configuration in progress.track(self._configurations(artifacts, buckets), "Benchmarking", total):
            for name, row in configuration.items():
                rows[name].append(row)
        return rows

    def _configurations(
        self, artifacts: Mapping[str, Artifact], buckets: Sequence[Bucket]
    ) -> Iterator[dict[str, Latency]]:
        for threads in self._threads:
            sessions = {name: open_session(artifact, threads) for name, artifact in artifacts.items()}
            labels = {
                name: distinct_labels(buckets, Preprocessor(session.spec.preprocessing))
                for name, session in sessions.items()
            }
            for bucket in buckets:
                timed = {name: session for name, session in sessions.items() if bucket.label in labels[name]}
                for batch in self._batches:
                    yield self._side_by_side(timed, bucket, threads, batch) if timed else {}

    def _side_by_side(
        self, sessions: Mapping[str, Session], bucket: Bucket, threads: int, batch: int
    ) -> dict[str, Latency]:
        candidates = [_Candidate(session, bucket, batch) for session in sessions.values()]
        clocks = [candidate.clock(threads) for candidate in candidates]
        runs = self._timer.time_until_known([candidate.run for candidate in candidates], clocks)
        preprocessing = self._timer.time([candidate.preprocess for candidate in candidates])
        decoding = self._timer.time([candidate.decode for candidate in candidates])
        rows = {}
        for name, candidate, clock, run, before, after in zip(
            sessions, candidates, clocks, runs, preprocessing, decoding, strict=True
        ):
            p50, p90, p99 = np.percentile(run.wall, (50, 90, 99)) / 1e6
            rows[name] = Latency(
                runtime=candidate.session.runtime,
                threads=threads,
                batch=batch,
                width=candidate.images.shape[-1],
                stills=candidate.images.shape[1] if len(candidate.images.shape) == 5 else None,
                bucket=bucket.label,
                p50_ms=p50,
                p90_ms=p90,
                p99_ms=p99,
                rounds=len(run.wall),
                preprocess_ms=np.median(before.wall) / 1e6,
                decode_ms=np.median(after.wall) / 1e6,
                device_ms=candidate.device_ms(len(run.wall)),
                undisturbed=undisturbed(run, clock),
            )
        return rows


class _Candidate:
    """A session with the inputs of its three timed acts: a batch for the network, one image for the other two."""

    def __init__(self, session: Session, bucket: Bucket, batch: int) -> None:
        self.session = session
        self._preprocessor = Preprocessor(session.spec.preprocessing)
        self.images = batch_input(bucket, self._preprocessor, batch)
        self._name, self._image = bucket.images[0]
        self._output = session.run(self.images[:1])
        self._timed = session if isinstance(session, DeviceTimed) else None  # once: it takes microseconds
        self._on_device: list[float] = []

    def run(self) -> None:
        self.session.run(self.images)
        if self._timed is not None:
            self._on_device.append(self._timed.device_ms)

    def clock(self, threads: int) -> Clock:
        """CPU time of the calling thread, if the network runs in this thread alone."""
        return "cpu" if threads == 1 and self._timed is None else "wall"

    def device_ms(self, rounds: int) -> float | None:
        """Median time on the GPU over the last `rounds` runs, the ones before being the warm-up; None on a CPU."""
        return float(np.median(self._on_device[-rounds:])) if self._on_device else None

    def preprocess(self) -> None:
        self._preprocessor(self._image, self._name)

    def decode(self) -> None:
        decode(self._output, self.session.spec)
