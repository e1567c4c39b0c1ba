"""The verb `benchmark`: size and speed of artifacts, measured side by side on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.benchmark.inputs import Bucket, data_buckets, synthetic_bucket
from crnn_deploy.benchmark.latency import LatencyBenchmark
from crnn_deploy.benchmark.measured import Measured
from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.benchmark.timing import InterleavedTimer
from crnn_deploy.benchmark.whole_lines import reading_costs
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.environment import environment
from crnn_deploy.errors import InputError
from crnn_deploy.inspection.measure import measure
from crnn_deploy.progress import SILENT, Progress


def benchmark(config: BenchmarkConfig, progress: Progress = SILENT) -> Benchmark:
    """Measure artifacts side by side, in the order of the config.

    Raises:
        InputError: if an artifact or the data can't be read, or an artifact is given twice.
    """
    names = unique_names(config.artifacts)
    artifacts = {
        name: open_artifact(path, config.trust_module) for name, path in zip(names, config.artifacts, strict=True)
    }
    timer = InterleavedTimer(config.rounds, config.seconds, config.warmup)
    source = None if config.data is None else open_source(config.data, progress, needs_labels=False)
    rows = LatencyBenchmark(config.threads, config.batches, timer).run(
        artifacts, _buckets(config, source, artifacts.values()), progress
    )
    costs = reading_costs(artifacts, source, config.lines, progress) if source is not None and config.lines else {}
    measured = []
    for name, artifact in artifacts.items():
        facts = measure(artifact)
        measured.append(
            Measured(
                name=name,
                path=artifact.path,
                format=artifact.format,
                precision=facts.precision,
                size_bytes=artifact.size_bytes,
                parameters=facts.parameters,
                macs=facts.macs,
                latency=tuple(rows[name]),
                reading=costs.get(name),
            )
        )
    return Benchmark(environment=environment(), variants=tuple(measured))


def unique_names(paths: Sequence[Path]) -> list[str]:
    """The name of each file: its stem, with the suffix where stems are equal, or its path where that isn't enough.

    Raises:
        InputError: if a file is given twice.
    """
    repeated = [path for path, count in Counter(paths).items() if count > 1]
    if repeated:
        raise InputError(f"{repeated[0]} is given twice.", fix="Name each artifact once.")
    stems, names = Counter(path.stem for path in paths), Counter(path.name for path in paths)
    return [p.stem if stems[p.stem] == 1 else p.name if names[p.name] == 1 else str(p) for p in paths]


def _buckets(config: BenchmarkConfig, source: Source | None, artifacts: Iterable[Artifact]) -> list[Bucket]:
    if source is None:
        seen = [artifact.spec.preprocessing.clips for artifact in artifacts]
        return [synthetic_bucket(min((clips.example for clips in seen if clips is not None), default=None))]
    return data_buckets(source, images=max(config.batches))
